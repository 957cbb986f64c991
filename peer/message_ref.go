package peer

import (
	"context"
	"errors"

	"peerd/peer/api"
	"peerd/peer/store"
)

// lastText is how users call the newest text of their own.
const lastText = "last"

// storedMessage finds the message that the user calls ref: its id, a part of it,
// or last.
func (d *Daemon) storedMessage(ctx context.Context, ref string) (m store.Message, err error) {
	if ref == lastText {
		m, err = d.store.LastText(ctx)
	} else {
		m, err = d.store.FindMessage(ctx, ref)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return m, api.NoSuchMessage(ref)
	case errors.Is(err, store.ErrAmbiguous):
		return m, api.AmbiguousMessage(ref)
	}
	return m, err
}

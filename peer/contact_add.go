package peer

import (
	"context"
	"fmt"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// AddContact pins a key before the first message.
func (d *Daemon) AddContact(ctx context.Context, request api.AddRequest) (api.Contact, error) {
	d.pinning.Lock()
	defer d.pinning.Unlock()
	key, err := d.anyKey(request.Peer)
	if err != nil {
		return api.Contact{}, err
	}
	contact, err := d.addContact(ctx, key, request.As)
	if err != nil {
		return api.Contact{}, err
	}
	return d.contactRow(ctx, contact)
}

// addContact makes a contact of a key, unless it is one, and gives it a petname
// if there is one to give.
func (d *Daemon) addContact(ctx context.Context, key wire.Key, as string) (store.Contact, error) {
	contact, err := d.contact(key.String())
	switch {
	case err == nil && as == "":
		return d.chosen(ctx, contact)
	case err == nil:
		return d.callContact(ctx, contact, as)
	}
	row, listed := d.rosterRow(key)
	if as == "" && !listed {
		return contact, &api.Error{
			Code:    api.CodeUsage,
			Message: "nobody in the circle has this key yet, so there is no name to call it by",
			Hint:    fmt.Sprintf("peerctl contact add %s --as NAME", key),
		}
	}
	if as != "" {
		if as, err = d.freeName(as, key); err != nil {
			return contact, err
		}
	}
	if as == row.Name {
		as = ""
	}
	return d.newContact(ctx, store.Contact{Key: key, Petname: as, ChosenAt: time.Now()})
}

package peer

import (
	"context"
	"errors"
	"os"

	"peerd/peer/api"
	"peerd/peer/store"
)

// tellDamage logs every time a damaged file of messages was mended.
func (d *Daemon) tellDamage() {
	for {
		select {
		case damage := <-d.store.Mended():
			d.log.Error().Str("cause", damage.Cause).Int("pages", damage.Pages).
				Int64("messages", damage.Messages).Int64("missing", damage.Missing).Str("kept", damage.Kept).
				Msg("messages.db was damaged: what could be read is saved, the damaged file is kept")
		case <-d.ctx.Done():
			return
		}
	}
}

// damageRow describes the last damage to the messages, for as long as the user
// keeps the damaged file; else it is nil.
func (d *Daemon) damageRow(ctx context.Context) (*api.Damage, error) {
	damage, err := d.store.LastDamage(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(damage.Kept); err != nil {
		return nil, nil
	}
	return &api.Damage{
		At:       api.At(damage.At),
		Cause:    damage.Cause,
		Kept:     damage.Kept,
		Messages: damage.Messages,
		Missing:  damage.Missing,
	}, nil
}

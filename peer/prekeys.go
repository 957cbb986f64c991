package peer

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"peerd/peer/seal"
	"peerd/peer/store"
	"peerd/wire"
)

const (
	// prekeyRotation is the age at which a prekey is replaced. Shorter bounds
	// what a stolen state directory can open more tightly; it costs a roster
	// change for everybody each time.
	prekeyRotation = 24 * time.Hour
	// prekeyRetention is how long the private half is kept: envelopes sealed
	// by peers that have an old roster can be opened until then, and by nobody
	// afterwards.
	prekeyRetention = 7 * 24 * time.Hour
)

// currentPrekey returns the prekey to publish, drawing one when the newest is
// too old, and forgets those past their retention. One that our clock made in what
// is the future now is forgotten too: it would never grow old.
func (d *Daemon) currentPrekey(ctx context.Context) (wire.SignedPrekey, error) {
	now := time.Now()
	if err := d.store.DeletePrekeysOutside(ctx, now.Add(-prekeyRetention), now.Add(prekeyRotation)); err != nil {
		return wire.SignedPrekey{}, fmt.Errorf("forget old prekeys: %w", err)
	}
	newest, err := d.store.NewestPrekey(ctx)
	switch {
	case err == nil && now.Sub(newest.Created).Abs() < prekeyRotation:
		return seal.Republish(d.self, newest.ID, newest.Private)
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return wire.SignedPrekey{}, fmt.Errorf("look up prekey: %w", err)
	}
	return d.drawPrekey(ctx, now)
}

func (d *Daemon) drawPrekey(ctx context.Context, now time.Time) (wire.SignedPrekey, error) {
	var random [8]byte
	rand.Read(random[:])
	prekey, private, err := seal.NewPrekey(d.self, binary.BigEndian.Uint64(random[:])|1)
	if err != nil {
		return wire.SignedPrekey{}, err
	}
	if err := d.store.SavePrekey(ctx, prekey.ID, private, now); err != nil {
		return wire.SignedPrekey{}, fmt.Errorf("save prekey: %w", err)
	}
	return prekey, nil
}

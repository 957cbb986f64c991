package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
	// prekeyCheck is how often a running daemon looks whether a prekey is due. It
	// counts time awake, the ages are by the wall clock: so much later than they
	// should prekeys may be replaced and deleted, also after a long sleep.
	prekeyCheck = 15 * time.Minute
	// prekeyStale is the age at which we do not seal to a peer's prekey any more:
	// its owner has forgotten it. Whoever still hands it out may know the private
	// half from a theft long ago. The day over is for clocks that differ.
	prekeyStale = prekeyRetention + 24*time.Hour
)

// prekeys are our own: which one the others are told of.
type prekeys struct {
	renewing  sync.Mutex // held while one is drawn or deleted
	mu        sync.Mutex // guards what follows
	published uint64     // the last that the rendezvous was told of; 0 is none
}

// keepPrekeys replaces and deletes prekeys in time until the daemon closes, online
// or not.
func (d *Daemon) keepPrekeys() {
	if err := d.cleanUpAfterBackup(); err != nil {
		d.log.Error().Err(err).Msg("remove what a backup has left")
	}
	ticker := time.NewTicker(prekeyCheck)
	defer ticker.Stop()
	for {
		if err := d.renewPrekeys(time.Now()); err != nil && d.ctx.Err() == nil {
			d.log.Error().Err(err).Msg("replace prekeys: trying again later")
		}
		select {
		case <-ticker.C:
		case <-d.ctx.Done():
			return
		}
	}
}

// renewPrekeys does what is due, tells the rendezvous of a new prekey, and leaves
// nothing on the disk of those that were deleted.
func (d *Daemon) renewPrekeys(now time.Time) error {
	prekey, err := d.currentPrekey(d.ctx, now)
	if err != nil {
		return err
	}
	if connection := d.currentControl(); connection != nil && prekey.ID != d.prekeys.told() && connection.TrySend(wire.Prekey{Prekey: prekey}) {
		d.prekeys.tell(prekey.ID)
	}
	if err := d.store.EmptyLog(d.ctx); err != nil && !errors.Is(err, store.ErrLogInUse) {
		return err
	}
	return nil
}

func (p *prekeys) told() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.published
}

func (p *prekeys) tell(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = id
}

// currentPrekey returns the prekey to publish, drawing one when the newest is
// too old, and forgets those past their retention. One that our clock made in what
// is the future now is forgotten too: it would never grow old.
func (d *Daemon) currentPrekey(ctx context.Context, now time.Time) (wire.SignedPrekey, error) {
	d.prekeys.renewing.Lock()
	defer d.prekeys.renewing.Unlock()
	if err := d.store.DeletePrekeysOutside(ctx, now.Add(-prekeyRetention), now.Add(prekeyRotation)); err != nil {
		return wire.SignedPrekey{}, fmt.Errorf("forget old prekeys: %w", err)
	}
	newest, err := d.store.NewestPrekey(ctx)
	switch {
	case err == nil && now.Sub(newest.Created).Abs() < prekeyRotation:
		return seal.Republish(d.self, newest.ID, newest.Private.Reveal())
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return wire.SignedPrekey{}, fmt.Errorf("look up prekey: %w", err)
	}
	return d.drawPrekey(ctx, now)
}

func (d *Daemon) drawPrekey(ctx context.Context, now time.Time) (wire.SignedPrekey, error) {
	prekey, private, err := seal.NewPrekey(d.self, seal.NewPrekeyID(now))
	if err != nil {
		return wire.SignedPrekey{}, err
	}
	if err := d.store.SavePrekey(ctx, prekey.ID, private, now); err != nil {
		return wire.SignedPrekey{}, fmt.Errorf("save prekey: %w", err)
	}
	return prekey, nil
}

// usablePrekey returns a peer's prekey, as the roster has it, if it may be sealed
// to; else the zero one.
func (d *Daemon) usablePrekey(peer wire.Key, now time.Time) wire.SignedPrekey {
	row, _ := d.rosterRow(peer)
	if made, ok := seal.PrekeyMade(row.Prekey.ID); ok && now.Sub(made) > prekeyStale {
		d.log.Debug().Stringer("peer", peer).Time("made", made).Msg("prekey is too old to seal to")
		return wire.SignedPrekey{}
	}
	return row.Prekey
}

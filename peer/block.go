package peer

import (
	"context"
	"errors"
	"time"

	"peerd/peer/api"
	"peerd/wire"
)

// BlockContact takes nothing more from a peer, or everything again. To a blocked
// peer we are as somebody whom the rendezvous lists and no packet reaches: its
// introductions are passed over, so no session with it exists, no probe is
// answered, and what it seals for us is not opened. Nor does the rendezvous show it
// where we are, since we withhold that from everybody to whom we do not consent
// (introduce.go). Nothing tells it why. What it could not deliver stays with it, and comes once it is unblocked.
func (d *Daemon) BlockContact(ctx context.Context, request api.BlockRequest) (api.Contact, error) {
	row, key, err := d.setBlocked(ctx, request)
	if err != nil {
		return row, err
	}
	d.sendEndpoints() // whom they may be shown to has changed
	// Not under pinning: what a session waits for may need it.
	if request.Blocked {
		d.dropSessions(key)
	} else {
		d.conversation(key).want(true) // what it could not deliver comes at once
	}
	return row, nil
}

func (d *Daemon) setBlocked(ctx context.Context, request api.BlockRequest) (api.Contact, wire.Key, error) {
	d.pinning.Lock()
	defer d.pinning.Unlock()
	contact, err := d.contact(request.Name)
	if err != nil && request.Blocked {
		contact, err = d.contactOrNew(ctx, request.Name)
	}
	if err != nil {
		return api.Contact{}, contact.Key, err
	}
	if request.Blocked == contact.BlockedAt.IsZero() {
		contact.BlockedAt = time.Time{}
		if request.Blocked {
			contact.BlockedAt = time.Now()
		}
		if err := d.store.SetBlocked(ctx, contact.Key, contact.BlockedAt); err != nil {
			return api.Contact{}, contact.Key, err
		}
		d.replaceContact(contact)
		d.log.Info().Stringer("peer", contact.Key).Bool("blocked", request.Blocked).Msg("contact")
	}
	row, err := d.contactRow(ctx, contact)
	return row, contact.Key, err
}

// isBlocked reports whether the user has blocked a peer.
func (d *Daemon) isBlocked(peer wire.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isBlockedLocked(peer)
}

func (d *Daemon) isBlockedLocked(peer wire.Key) bool {
	return !d.contacts.byKey[peer].BlockedAt.IsZero()
}

// addressee is resolve for whom the user wants to reach: not one that is blocked.
func (d *Daemon) addressee(ref string) (wire.Key, error) {
	peer, err := d.resolve(ref)
	if err == nil && d.isBlocked(peer) {
		return peer, api.Blocked(d.nameOf(peer))
	}
	return peer, err
}

// dropSessions ends every session with a peer, and waits until nothing more can
// come of them. The peer is told what it hears when a daemon is stopped.
func (d *Daemon) dropSessions(peer wire.Key) {
	d.opening.Lock() // one of the peer's envelopes may have been begun before
	defer d.opening.Unlock()
	for _, s := range d.allSessions() {
		if s.peer == peer {
			s.drop("closing")
		}
	}
}

// errBlocked ends what a blocked peer has begun.
var errBlocked = errors.New("peer is blocked")

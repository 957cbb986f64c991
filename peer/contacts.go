package peer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// contacts are the peers whose keys we have pinned to their names. The daemon
// guards them; the store has the durable copy.
type contacts struct {
	byKey  map[wire.Key]store.Contact
	byName map[string]wire.Key
}

func (d *Daemon) loadContacts() (contacts, error) {
	book := contacts{byKey: make(map[wire.Key]store.Contact), byName: make(map[string]wire.Key)}
	all, err := d.store.Contacts(d.ctx)
	for _, contact := range all {
		book.add(contact)
	}
	return book, err
}

func (b *contacts) add(contact store.Contact) {
	b.byKey[contact.Key] = contact
	b.byName[contact.Name] = contact.Key
}

// resolve finds the key of a peer the user named. A name means the key pinned
// to it; when the roster has the name with another key, nothing may be sent.
func (d *Daemon) resolve(ref string) (wire.Key, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, err := d.resolveLocked(ref)
	// Our own row may not be in the roster yet.
	if key == d.Key() || ref == d.Key().String() || ref == d.membership.Name {
		return key, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is this peer itself", ref)}
	}
	return key, err
}

func (d *Daemon) resolveLocked(ref string) (wire.Key, error) {
	if key, err := wire.ParseKey(ref); err == nil {
		_, listed := d.roster.Row(key)
		if _, known := d.contacts.byKey[key]; !listed && !known {
			return key, api.NoSuchPeer(ref)
		}
		return key, nil
	}
	normal, err := name.Normalize(ref)
	if err != nil {
		return wire.Key{}, api.NoSuchPeer(ref)
	}
	row, listed := d.roster.ByName(normal)
	pinned, known := d.contacts.byName[normal]
	switch {
	case known && listed && row.Key != pinned:
		return wire.Key{}, api.KeyChanged(normal)
	case known:
		return pinned, nil
	case listed:
		return row.Key, nil
	}
	return wire.Key{}, api.NoSuchPeer(ref)
}

// nameOf returns the name to show for a peer: the one pinned to its key, else
// the roster's, else the key itself. A name that is pinned to another key is
// nobody else's.
func (d *Daemon) nameOf(peer wire.Key) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nameOfLocked(peer)
}

func (d *Daemon) nameOfLocked(peer wire.Key) string {
	if contact, known := d.contacts.byKey[peer]; known {
		return contact.Name
	}
	row, listed := d.roster.Row(peer)
	if _, taken := d.contacts.byName[row.Name]; !listed || taken {
		return peer.String()
	}
	return row.Name
}

// pin binds a peer's name to its key at the first contact.
func (d *Daemon) pin(ctx context.Context, peer wire.Key) error {
	d.mu.Lock()
	_, known := d.contacts.byKey[peer]
	row, listed := d.roster.Row(peer)
	d.mu.Unlock()
	if known || !listed {
		return nil
	}
	contact := store.Contact{Key: peer, Name: row.Name, PinnedAt: time.Now(), Prekey: row.Prekey}
	err := d.store.Pin(ctx, contact)
	if _, changed := errors.AsType[*store.KeyChangedError](err); changed {
		return api.KeyChanged(row.Name)
	}
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.contacts.add(contact)
	return nil
}

// ownName is the name bound to our key.
func (d *Daemon) ownName() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.membership.Name
}

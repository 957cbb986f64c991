package peer

import (
	"cmp"
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
	byKey     map[wire.Key]store.Contact
	byName    map[string]wire.Key // as pinned
	byPetname map[string]wire.Key
	byFold    map[string]wire.Key // pinned names, as people would take them for each other
}

func (d *Daemon) loadContacts() (contacts, error) {
	book := contacts{
		byKey:     make(map[wire.Key]store.Contact),
		byName:    make(map[string]wire.Key),
		byPetname: make(map[string]wire.Key),
		byFold:    make(map[string]wire.Key),
	}
	all, err := d.store.Contacts(d.ctx)
	for _, contact := range all {
		book.add(contact)
	}
	return book, err
}

func (b *contacts) add(contact store.Contact) {
	b.byKey[contact.Key] = contact
	b.byName[contact.Name] = contact.Key
	b.byFold[name.Fold(contact.Name)] = contact.Key
	if contact.Petname != "" {
		b.byPetname[contact.Petname] = contact.Key
	}
}

func (b *contacts) remove(key wire.Key) {
	contact := b.byKey[key]
	delete(b.byKey, key)
	delete(b.byName, contact.Name)
	delete(b.byPetname, contact.Petname)
	if fold := name.Fold(contact.Name); b.byFold[fold] == key {
		delete(b.byFold, fold)
		b.foldAnew(fold)
	}
}

// foldAnew finds another contact whose name reads like one that has gone: its name has to
// go on being told from those of others.
func (b *contacts) foldAnew(fold string) {
	for key, contact := range b.byKey {
		if name.Fold(contact.Name) == fold {
			b.byFold[fold] = key
		}
	}
}

// find returns the contact the user calls by name. A petname is the user's own
// word and goes before a name that somebody else has chosen.
func (b *contacts) find(name string) (store.Contact, bool) {
	key, known := b.byPetname[name]
	if !known {
		key, known = b.byName[name]
	}
	return b.byKey[key], known
}

// calledName is what the user calls a contact.
func calledName(contact store.Contact) string { return cmp.Or(contact.Petname, contact.Name) }

// resolve finds the key of a peer the user named. A name means the key pinned
// to it; when the roster has the name with another key, nothing may be sent.
func (d *Daemon) resolve(ref string) (wire.Key, error) {
	if api.IsClassic(ref) {
		return wire.Key{}, api.ClassicOnly(ref)
	}
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
		row, listed := d.roster.Row(key)
		if _, known := d.contacts.byKey[key]; !listed && !known {
			return key, api.NoSuchPeer(ref)
		}
		if contact, suspect := d.impersonatedLocked(key); suspect {
			return key, keyChanged(row.Name, contact)
		}
		return key, nil
	}
	normal, err := name.Normalize(ref)
	if err != nil {
		return wire.Key{}, api.NoSuchPeer(ref)
	}
	contact, known := d.contacts.find(normal)
	row, listed := d.roster.ByName(cmp.Or(contact.Name, normal))
	switch {
	case known && listed && row.Key != contact.Key:
		return wire.Key{}, keyChanged(normal, contact)
	case known:
		return contact.Key, nil
	case !listed:
		return wire.Key{}, api.NoSuchPeer(ref)
	}
	if contact, suspect := d.impersonatedLocked(row.Key); suspect {
		return wire.Key{}, keyChanged(normal, contact)
	}
	return row.Key, nil
}

// contact returns the contact that ref, a name or a whole key, means.
func (d *Daemon) contact(ref string) (store.Contact, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key, err := wire.ParseKey(ref); err == nil {
		if contact, known := d.contacts.byKey[key]; known {
			return contact, nil
		}
		return store.Contact{}, api.NoSuchContact(ref)
	}
	normal, err := name.Normalize(ref)
	if err != nil {
		return store.Contact{}, api.NoSuchContact(ref)
	}
	contact, known := d.contacts.find(normal)
	if !known {
		return store.Contact{}, api.NoSuchContact(ref)
	}
	return contact, nil
}

// nameOf returns the name to show for a peer: the user's petname for it, else
// the one pinned to its key, else the roster's, else the key itself. What the
// user calls one contact is no other peer's name.
func (d *Daemon) nameOf(peer wire.Key) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nameOfLocked(peer)
}

func (d *Daemon) nameOfLocked(peer wire.Key) string {
	if store.IsClassic(peer) {
		return d.classicRef(peer)
	}
	contact, known := d.contacts.byKey[peer]
	shown := calledName(contact)
	if !known {
		row, listed := d.roster.Row(peer)
		if !listed {
			return peer.String()
		}
		shown = row.Name
	}
	if owner, taken := d.contacts.find(shown); taken && owner.Key != peer || d.isSuspectLocked(peer) {
		return peer.String()
	}
	return shown
}

// keyChanged is the error for a contact whose name comes with another key now.
func keyChanged(name string, contact store.Contact) *api.Error {
	if contact.VerifiedAt.IsZero() {
		return api.KeyChanged(name)
	}
	return api.VerifiedKeyChanged(name)
}

// pin binds a peer's name to its key at the first contact.
func (d *Daemon) pin(ctx context.Context, peer wire.Key) error {
	if !d.unpinned(peer) {
		return nil
	}
	d.pinning.Lock()
	defer d.pinning.Unlock()
	if _, listed := d.rosterRow(peer); !listed || !d.unpinned(peer) {
		return nil
	}
	_, err := d.newContact(ctx, store.Contact{Key: peer})
	return err
}

// newContact pins a peer's key, about which contact says what else is known, to the
// name that the roster has for it. The name of a key that is not there is the key
// itself: nobody else can have that one. The caller holds pinning.
func (d *Daemon) newContact(ctx context.Context, contact store.Contact) (store.Contact, error) {
	row, _ := d.rosterRow(contact.Key)
	contact.Name, contact.PinnedAt, contact.Prekey = cmp.Or(row.Name, contact.Key.String()), time.Now(), row.Prekey
	err := d.store.Pin(ctx, contact)
	if changed, ok := errors.AsType[*store.KeyChangedError](err); ok {
		pinned, _ := d.contact(changed.Pinned.String())
		return contact, keyChanged(row.Name, pinned)
	}
	if err != nil {
		return contact, err
	}
	d.replaceContact(contact)
	d.reviewAllSuspects()
	return contact, nil
}

// replaceContact takes what has been written down of a contact into use. The
// caller holds pinning.
func (d *Daemon) replaceContact(contact store.Contact) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact.LastSeen = later(contact.LastSeen, d.contacts.byKey[contact.Key].LastSeen) // saw does not wait for pinning
	d.contacts.remove(contact.Key)
	d.contacts.add(contact)
}

// contactOrNew returns the contact that ref means, and makes one of a peer that
// is none: of a member of the circle, or of a whole key. The caller holds
// pinning.
func (d *Daemon) contactOrNew(ctx context.Context, ref string) (store.Contact, error) {
	contact, err := d.contact(ref)
	if err == nil {
		return contact, nil
	}
	key, err := d.anyKey(ref)
	if err != nil {
		return store.Contact{}, err
	}
	return d.newContact(ctx, store.Contact{Key: key})
}

// anyKey is resolve for keys that nobody in the circle needs to have.
func (d *Daemon) anyKey(ref string) (wire.Key, error) {
	if key, err := wire.ParseKey(ref); err == nil && !key.IsZero() && key != d.Key() {
		return key, nil
	}
	return d.resolve(ref)
}

func (d *Daemon) unpinned(peer wire.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, known := d.contacts.byKey[peer]
	return !known
}

// ownName is the name bound to our key.
func (d *Daemon) ownName() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.membership.Name
}

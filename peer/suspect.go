package peer

import (
	"errors"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// A suspect is a key that comes under a contact's name, or one that looks like it,
// and is not the contact's. Its owner may have lost the old key, or somebody hands out
// the name to get at what is meant for the contact. Only the user can tell (Trust), and
// until then the key gets nothing: no introduction to it is taken, so that no probe,
// handshake, envelope, receipt or queued message goes to it, and nothing that it sends
// is shown. Nor may it learn where we are (introduce.go). What others queue for us, and
// we for it in a group, waits.

// errSuspect ends what a suspect has begun.
var errSuspect = errors.New("the key comes under the name of a contact that has another one")

// isSuspectLocked reports whether peer is a suspect.
func (d *Daemon) isSuspectLocked(peer wire.Key) bool {
	_, suspect := d.impersonatedLocked(peer)
	return suspect
}

// impersonatedLocked returns the contact under whose name a suspect comes.
func (d *Daemon) impersonatedLocked(peer wire.Key) (store.Contact, bool) {
	row, listed := d.roster.Row(peer)
	if _, known := d.contacts.byKey[peer]; known || !listed || peer == d.Key() {
		return store.Contact{}, false
	}
	contact, taken := d.contacts.byKey[d.contacts.byFold[name.Fold(row.Name)]]
	return contact, taken
}

// nameless is an error for the log, which says nothing of whom we know: what is meant
// for the user names contacts.
func nameless(err error) error {
	if forUser, ok := errors.AsType[*api.Error](err); ok {
		return errors.New(string(forUser.Code))
	}
	return err
}

// shuns says why nothing is sent to a peer and nothing of it is taken; nil when it
// is a peer like others.
func (d *Daemon) shuns(peer wire.Key) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shunsLocked(peer)
}

func (d *Daemon) shunsLocked(peer wire.Key) error {
	switch {
	case d.isBlockedLocked(peer):
		return errBlocked
	case d.isSuspectLocked(peer):
		return errSuspect
	}
	return nil
}

// reviewSuspects acts upon a change of the rows of keys. What there is with one that
// has become a suspect ends, and whom we show ourselves to is said anew.
func (d *Daemon) reviewSuspects(keys []wire.Key) {
	found, changed := d.findSuspects(keys)
	if !changed {
		return
	}
	d.sendEndpoints()
	for key, contact := range found {
		d.suspicions.Warn().Stringer("pinned", contact.Key).Stringer("offered", key).Bool("verified", !contact.VerifiedAt.IsZero()).
			Msg("the name of a contact comes with another key: nothing is sent to it until the user trusts it")
		d.spawn(func() { d.dropSessions(key) })
	}
}

// reviewAllSuspects does so when the contacts have changed.
func (d *Daemon) reviewAllSuspects() {
	d.mu.Lock()
	keys := make([]wire.Key, 0, d.roster.Len())
	for row := range d.roster.Rows() {
		keys = append(keys, row.Key)
	}
	d.mu.Unlock()
	d.reviewSuspects(keys)
}

// findSuspects brings suspects up to date for keys. It returns those that have become
// suspects, with the contacts under whose names they come, and whether any has become
// one or ceased to be one.
func (d *Daemon) findSuspects(keys []wire.Key) (found map[wire.Key]store.Contact, changed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found = make(map[wire.Key]store.Contact)
	for _, key := range keys {
		contact, suspect := d.impersonatedLocked(key)
		switch {
		case suspect == d.suspects[key]:
		case suspect:
			d.suspects[key], found[key], changed = true, contact, true
		default:
			delete(d.suspects, key)
			changed = true
		}
	}
	return found, changed
}

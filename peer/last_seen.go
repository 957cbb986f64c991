package peer

import (
	"context"
	"time"

	"peerd/roster"
	"peerd/wire"
)

// sightingsInterval is how often it is written down who is online. When this
// daemon and the rendezvous die at once, what is known of a contact that left
// with them is at most so old.
const sightingsInterval = 10 * time.Minute

// keepSightings writes down who is online until the daemon closes.
func (d *Daemon) keepSightings() {
	ticker := time.NewTicker(sightingsInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			d.sawOnline()
		case <-d.ctx.Done():
			return
		}
	}
}

// sawOnline notes that the contacts which are online now were.
func (d *Daemon) sawOnline() {
	seen := make(map[wire.Key]time.Time)
	for peer := range d.onlinePeers() {
		seen[peer] = time.Now()
	}
	d.saw(seen)
}

// sawLeave notes when members went offline, as the roster has it; of those who were
// removed from it, now is when.
func (d *Daemon) sawLeave(changes []roster.Change) {
	seen := make(map[wire.Key]time.Time)
	for _, change := range changes {
		switch {
		case !change.Row.Online:
			seen[change.Row.Key] = change.Row.Since
		case change.Kind == roster.Removed:
			seen[change.Row.Key] = time.Now()
		}
	}
	d.saw(seen)
}

// saw notes when peers were online, by whatever clock: it was not later than now.
// It passes over those who are no contacts.
func (d *Daemon) saw(seen map[wire.Key]time.Time) {
	now, news := time.Now(), make(map[wire.Key]time.Time)
	d.mu.Lock()
	for key, at := range seen {
		if at.After(now) {
			at = now
		}
		if contact, known := d.contacts.byKey[key]; known && contact.LastSeen.Before(at) {
			contact.LastSeen = at
			d.contacts.byKey[key], news[key] = contact, at
		}
	}
	d.mu.Unlock()
	if len(news) == 0 {
		return
	}
	// Also while the daemon closes.
	if err := d.store.Saw(context.WithoutCancel(d.ctx), news); err != nil {
		d.log.Warn().Err(err).Msg("note who was online")
	}
}

// onlinePeers returns who is online as far as we know: whoever we have a session
// with is there, whatever the rendezvous knows.
func (d *Daemon) onlinePeers() map[wire.Key]bool {
	online := make(map[wire.Key]bool)
	for _, s := range d.allSessions() {
		if s.connected() {
			online[s.peer] = true
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.control == nil {
		return online
	}
	for row := range d.roster.Rows() {
		if row.Online {
			online[row.Key] = true
		}
	}
	return online
}

// lastSeenLocked is when a peer was last online: now, if it is, and otherwise
// the last time that we noted or that the roster has. A rendezvous that was
// killed may have forgotten the latest logouts; what we noted ourselves stays.
func (d *Daemon) lastSeenLocked(peer wire.Key, online bool) time.Time {
	now := time.Now()
	if online {
		return now
	}
	row, _ := d.roster.Row(peer)
	seen := d.contacts.byKey[peer].LastSeen
	if row.Since.After(seen) {
		seen = row.Since
	}
	if seen.After(now) {
		return now
	}
	return seen
}

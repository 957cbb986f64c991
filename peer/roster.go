package peer

import (
	"fmt"
	"slices"
	"time"

	"peerd/peer/api"
	"peerd/peer/seal"
	"peerd/roster"
	"peerd/wire"
)

// loadRoster returns the roster as it was when we were last online.
func (d *Daemon) loadRoster() (*roster.Copy, error) {
	epoch, version, rows, err := d.store.LoadRoster(d.ctx)
	if err != nil {
		return nil, err
	}
	return roster.Restore(epoch, version, rows), nil
}

// rosterRow returns a member's row.
func (d *Daemon) rosterRow(peer wire.Key) (wire.Row, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.roster.Row(peer)
}

func (d *Daemon) applySnapshot(m wire.Snapshot) error {
	d.mu.Lock()
	changes, err := d.roster.ApplySnapshot(m)
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("apply roster snapshot: %w", err)
	}
	d.rosterChanged(changes)
	return nil
}

func (d *Daemon) applyDelta(m wire.Delta) error {
	d.mu.Lock()
	changes, err := d.roster.ApplyDelta(m)
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("apply roster delta: %w", err)
	}
	d.rosterChanged(changes)
	return nil
}

// rosterChanged keeps the changes, announces them, and talks to those who came
// online when there is a reason to.
func (d *Daemon) rosterChanged(changes []roster.Change) {
	if len(changes) == 0 {
		return
	}
	keys := make([]wire.Key, len(changes))
	for i, change := range changes {
		keys[i] = change.Row.Key
	}
	d.reviewSuspects(keys) // before they can ask for us
	d.saveRoster(changes)
	d.sawLeave(changes)
	d.log.Debug().Int("changes", len(changes)).Msg("roster")
	for _, change := range changes {
		if change.Row.Key == d.Key() {
			continue
		}
		d.announcePresence(change)
		if cameOnline(change) {
			d.peerOnline(change.Row.Key)
		} else {
			d.peerOffline(change.Row.Key)
		}
	}
}

func (d *Daemon) saveRoster(changes []roster.Change) {
	var changed []wire.Row
	var removed []wire.Key
	for _, change := range changes {
		if change.Kind == roster.Removed {
			removed = append(removed, change.Row.Key)
			continue
		}
		if !seal.VerifyPrekey(change.Row.Key, change.Row.Prekey) && change.Row.Prekey.ID != 0 {
			d.lies.Warn().Stringer("peer", change.Row.Key).Msg("roster has a prekey its owner did not sign")
		}
		changed = append(changed, change.Row)
	}
	d.mu.Lock()
	epoch, version, whole := d.roster.Epoch(), d.roster.Version(), d.rosterUnsaved
	if whole {
		changed = slices.Collect(d.roster.Rows())
	}
	d.mu.Unlock()
	err := d.store.SaveRoster(d.ctx, epoch, version, changed, removed, whole)
	if err != nil && d.ctx.Err() == nil {
		d.log.Error().Err(err).Msg("save roster")
	}
	d.mu.Lock()
	d.rosterUnsaved = err != nil
	d.mu.Unlock()
}

// cameOnline reports whether a member has logged in; one that did so unseen,
// while we were offline, counts too.
func cameOnline(change roster.Change) bool {
	return change.Kind != roster.Removed && change.Row.Online
}

// peerOnline talks to a peer that has logged in: what is queued can go out,
// and a session we have needs its relay, or ends because the peer is another
// instance now.
func (d *Daemon) peerOnline(peer wire.Key) {
	c := d.existingConversation(peer)
	if c == nil {
		return
	}
	if c.currentSession() != nil {
		c.want(true)
		return
	}
	c.wake()
}

// announcePresence tells subscribers of logins and logouts.
func (d *Daemon) announcePresence(change roster.Change) {
	switch change.Kind {
	case roster.Changed:
		return
	case roster.Added:
		if !change.Row.Online {
			return
		}
	}
	d.events.Publish(api.Presence{
		Name:   d.nameOf(change.Row.Key),
		Key:    change.Row.Key.String(),
		Online: change.Row.Online && change.Kind != roster.Removed,
		At:     api.At(time.Now()),
	})
}

// announceOnline tells subscribers who is online once we are: nobody counted
// as such while we were away, and members whose rows have not changed since
// come with no roster update.
func (d *Daemon) announceOnline() {
	d.mu.Lock()
	rows := slices.Collect(d.roster.Rows())
	d.mu.Unlock()
	for _, row := range rows {
		if row.Key != d.Key() {
			d.announcePresence(roster.Change{Kind: roster.Added, Row: row})
		}
	}
}

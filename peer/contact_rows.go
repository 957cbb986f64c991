package peer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"peerd/peer/api"
	"peerd/peer/store"
)

// Contacts lists the peers whose keys are pinned, and what the roster says of
// each.
func (d *Daemon) Contacts(ctx context.Context) ([]api.Contact, error) {
	queued, err := d.store.Queued(ctx)
	if err != nil {
		return nil, fmt.Errorf("list contacts: %w", err)
	}
	online := d.onlinePeers()
	d.mu.Lock()
	defer d.mu.Unlock()
	var rows []api.Contact
	for key, contact := range d.contacts.byKey {
		row := d.contactRowLocked(contact, online[key])
		row.Queued = queued[key]
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b api.Contact) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	return rows, nil
}

// contactRow describes a contact.
func (d *Daemon) contactRow(ctx context.Context, contact store.Contact) (api.Contact, error) {
	queued, err := d.store.Queued(ctx)
	online := d.onlinePeers()
	d.mu.Lock()
	defer d.mu.Unlock()
	row := d.contactRowLocked(contact, online[contact.Key])
	row.Queued = queued[contact.Key]
	return row, err
}

// contactRowLocked describes a contact but for its queued messages.
func (d *Daemon) contactRowLocked(contact store.Contact, online bool) api.Contact {
	row := api.Contact{
		Name:       calledName(contact),
		PinnedName: contact.Name,
		Key:        contact.Key.String(),
		PinnedAt:   api.At(contact.PinnedAt),
		Roster:     api.RosterAbsent,
		Verified:   !contact.VerifiedAt.IsZero(),
		VerifiedAt: api.At(contact.VerifiedAt),
		Blocked:    !contact.BlockedAt.IsZero(),
		Receipts:   receiptsWord(contact),
		Online:     online,
		LastSeen:   api.At(d.lastSeenLocked(contact.Key, online)),
	}
	own, listed := d.roster.Row(contact.Key)
	if listed && own.Name != contact.Name {
		row.Roster, row.RosterName = api.RosterRenamed, own.Name
	}
	switch named, taken := d.roster.ByName(contact.Name); {
	case taken && named.Key == contact.Key:
		row.Roster = api.RosterAgrees
	case taken:
		row.Roster, row.RosterKey = api.RosterChanged, named.Key.String()
	}
	return row
}

package apitest

import (
	"context"
	"slices"

	"peerd/peer/api"
)

// Know makes contact one of the user's. The name of its peer is PinnedName.
func (d *Daemon) Know(contact api.Contact) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact.Name, contact.PinnedAt, contact.Receipts = contact.PinnedName, Epoch, api.ReceiptsDefault
	peer := d.peer(contact.PinnedName)
	if peer.Key == contact.Key {
		contact.Online, contact.LastSeen = peer.Online, peer.LastSeen
		peer.Pinned = true
	}
	d.contacts = append(d.contacts, contact)
}

// contact finds a contact as the user typed it. The caller holds the lock.
func (d *Daemon) contact(ref string) (*api.Contact, error) {
	i := slices.IndexFunc(d.contacts, func(c api.Contact) bool { return ref == c.Name || ref == c.PinnedName || ref == c.Key })
	if i < 0 {
		return nil, api.NoSuchContact(ref)
	}
	return &d.contacts[i], nil
}

// queuedFor counts the messages to a peer that are not delivered. The caller
// holds the lock.
func (d *Daemon) queuedFor(peer string) (count int) {
	for _, s := range d.sent {
		if s.To == peer && !s.State.Reached(api.StateDelivered) {
			count++
		}
	}
	return count
}

func (d *Daemon) Contacts(context.Context) ([]api.Contact, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contacts := slices.Clone(d.contacts)
	for i := range contacts {
		contacts[i].Queued += d.queuedFor(contacts[i].PinnedName)
	}
	return contacts, nil
}

// Trust lifts a refusal of the peer, see Refuse.
func (d *Daemon) Trust(_ context.Context, request api.TrustRequest) (api.Trusted, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact, err := d.contact(request.Name)
	if err != nil {
		return api.Trusted{}, err
	}
	key := d.peer(contact.PinnedName).Key
	if request.Key != "" && request.Key != key {
		return api.Trusted{}, api.KeyMismatch(contact.Name, key)
	}
	trusted := api.Trusted{Name: contact.Name, Key: key}
	if contact.Key != key {
		trusted.OldKey, trusted.Queued, trusted.WasVerified = contact.Key, contact.Queued, contact.Verified
		contact.Verified, contact.VerifiedAt = false, api.Time{}
	}
	contact.Key, contact.Roster, contact.RosterKey, contact.Queued = key, api.RosterAgrees, "", 0
	delete(d.refuse, contact.PinnedName)
	return trusted, nil
}

func (d *Daemon) RenameContact(_ context.Context, request api.RenameRequest) (api.Contact, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact, err := d.contact(request.Name)
	if err != nil {
		return api.Contact{}, err
	}
	if other, err := api.FindPeer(d.peers, request.NewName); err == nil && other.Name != contact.PinnedName {
		return api.Contact{}, api.NameTaken(request.NewName)
	}
	contact.Name = request.NewName
	return *contact, nil
}

func (d *Daemon) ForgetContact(_ context.Context, request api.ForgetRequest) (api.Forgotten, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact, err := d.contact(request.Name)
	if err != nil {
		return api.Forgotten{}, err
	}
	forgotten := api.Forgotten{Name: contact.Name, Key: contact.Key, Discarded: contact.Queued + d.queuedFor(contact.PinnedName)}
	if forgotten.Discarded > 0 && !request.Force {
		return api.Forgotten{}, api.MessagesQueued(contact.Name, forgotten.Discarded)
	}
	d.discardQueued(contact.PinnedName)
	d.contacts = slices.DeleteFunc(d.contacts, func(c api.Contact) bool { return c.Key == forgotten.Key })
	return forgotten, nil
}

// discardQueued forgets the messages that queuedFor counts. The caller holds the
// lock.
func (d *Daemon) discardQueued(peer string) {
	for i, s := range slices.Backward(d.sent) {
		if s.To == peer && !s.State.Reached(api.StateDelivered) {
			d.sent, d.texts = slices.Delete(d.sent, i, i+1), slices.Delete(d.texts, i, i+1)
		}
	}
}

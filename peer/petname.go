package peer

import (
	"context"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/wire"
)

// RenameContact gives a contact a petname. Only this daemon knows it.
func (d *Daemon) RenameContact(ctx context.Context, request api.RenameRequest) (api.Contact, error) {
	d.pinning.Lock()
	defer d.pinning.Unlock()
	contact, err := d.contact(request.Name)
	if err != nil {
		return api.Contact{}, err
	}
	petname, err := name.Normalize(request.NewName)
	if err != nil {
		return api.Contact{}, &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	if d.nameTaken(petname, contact.Key) {
		return api.Contact{}, api.NameTaken(petname)
	}
	if petname == contact.Name {
		petname = ""
	}
	if err := d.store.SetPetname(ctx, contact.Key, petname); err != nil {
		return api.Contact{}, err
	}
	d.mu.Lock()
	d.contacts.remove(contact.Key)
	contact.Petname = petname
	d.contacts.add(contact)
	row := d.contactRowLocked(contact)
	d.mu.Unlock()
	queued, err := d.store.Queued(ctx)
	row.Queued = queued[contact.Key]
	return row, err
}

// nameTaken reports whether anybody but peer has a name that people would take
// for this one.
func (d *Daemon) nameTaken(wanted string, peer wire.Key) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	fold := name.Fold(wanted)
	if fold == name.Fold(d.membership.Name) {
		return true
	}
	for key, contact := range d.contacts.byKey {
		if key != peer && (name.Fold(contact.Name) == fold || name.Fold(contact.Petname) == fold) {
			return true
		}
	}
	for row := range d.roster.Rows() {
		if row.Key != peer && name.Fold(row.Name) == fold {
			return true
		}
	}
	return false
}

package peer

import (
	"context"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/peer/store"
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
	if contact, err = d.callContact(ctx, contact, request.NewName); err != nil {
		return api.Contact{}, err
	}
	return d.contactRow(ctx, contact)
}

// callContact gives a contact a petname. The caller holds pinning.
func (d *Daemon) callContact(ctx context.Context, contact store.Contact, wanted string) (store.Contact, error) {
	petname, err := d.freeName(wanted, contact.Key)
	if err != nil {
		return contact, err
	}
	if petname == contact.Name {
		petname = ""
	}
	if err := d.store.SetPetname(ctx, contact.Key, petname); err != nil {
		return contact, err
	}
	contact.Petname = petname
	d.replaceContact(contact)
	return d.chosen(ctx, contact)
}

// freeName returns what the user may call a peer, as it is to be spelt.
func (d *Daemon) freeName(wanted string, peer wire.Key) (string, error) {
	petname, err := name.Normalize(wanted)
	if err != nil {
		return "", &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	if d.nameTaken(petname, peer) {
		return "", api.NameTaken(petname)
	}
	return petname, nil
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

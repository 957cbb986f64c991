package apitest

import (
	"context"
	"strings"

	"peerd/peer/api"
)

// Codes are the same for every peer of a Daemon.
const (
	SafetyDigits = "99224 97472 70131 38253 69895 60221 12391 99079 06664 67690 11390 95062"
	SafetyWords  = "vitav lusiv zofol dokon sutab lalaz bidat latiz notot malat"
	// SafetyQR is as long as a true one.
	SafetyQR = "PEERD-VERIFY:1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
)

// contactOrNew finds a contact, or makes one of a peer that is none. The caller
// holds the lock.
func (d *Daemon) contactOrNew(ref string) (*api.Contact, error) {
	if contact, err := d.contact(ref); err == nil {
		return contact, nil
	}
	peer, err := d.find(ref)
	if err != nil {
		return nil, err
	}
	d.contacts = append(d.contacts, api.Contact{
		Name: peer.Name, PinnedName: peer.Name, Key: peer.Key, PinnedAt: Epoch, Roster: api.RosterAgrees,
		Online: peer.Online, LastSeen: peer.LastSeen, Receipts: api.ReceiptsDefault,
	})
	peer.Pinned = true
	return &d.contacts[len(d.contacts)-1], nil
}

// Verified notes that the user has compared the safety code with a contact.
func (d *Daemon) Verified(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if contact, err := d.contact(name); err == nil {
		contact.Verified, contact.VerifiedAt = true, Epoch
	}
}

// AddContact is Backend.AddContact.
func (d *Daemon) AddContact(_ context.Context, request api.AddRequest) (api.Contact, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	contact, err := d.contactOrNew(request.Peer)
	if err != nil {
		return api.Contact{}, err
	}
	if request.As != "" {
		contact.Name = request.As
	}
	return *contact, nil
}

// Verify is Backend.Verify.
func (d *Daemon) Verify(_ context.Context, request api.VerifyRequest) (api.Verification, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.find(request.Name); err != nil {
		return api.Verification{}, err
	}
	contact, err := d.contactOrNew(request.Name)
	if err != nil {
		return api.Verification{}, err
	}
	given := strings.ReplaceAll(request.Code, " ", "")
	if given != "" && given != strings.ReplaceAll(SafetyDigits, " ", "") {
		return api.Verification{}, api.CodeDiffers(contact.Name)
	}
	if request.Scanned != "" && request.Scanned != SafetyQR {
		return api.Verification{}, api.CodeDiffers(contact.Name)
	}
	if given != "" || request.Scanned != "" || request.Confirm {
		contact.Verified, contact.VerifiedAt = true, Epoch
		d.peer(contact.PinnedName).Verified = true
	}
	return api.Verification{
		Name: contact.Name, Key: contact.Key, Digits: SafetyDigits, Words: SafetyWords, QR: SafetyQR,
		Verified: contact.Verified, VerifiedAt: contact.VerifiedAt,
	}, nil
}

// BlockContact is Backend.BlockContact. To a blocked peer nothing can be sent.
func (d *Daemon) BlockContact(_ context.Context, request api.BlockRequest) (api.Contact, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	find := d.contact
	if request.Blocked {
		find = d.contactOrNew
	}
	contact, err := find(request.Name)
	if err != nil {
		return api.Contact{}, err
	}
	contact.Blocked = request.Blocked
	d.peer(contact.PinnedName).Blocked = request.Blocked
	delete(d.refuse, contact.PinnedName)
	if request.Blocked {
		d.refuse[contact.PinnedName] = api.Blocked(contact.Name)
	}
	row := *contact
	row.Queued += d.queuedFor(contact.PinnedName)
	return row, nil
}

// ReadReceipts is Backend.ReadReceipts.
func (d *Daemon) ReadReceipts(context.Context) ([]api.ReadReceipts, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := []api.ReadReceipts{{Receipts: api.ReceiptsOn}}
	if d.silent {
		rows[0].Receipts = api.ReceiptsOff
	}
	for _, c := range d.contacts {
		if c.Receipts != api.ReceiptsDefault {
			rows = append(rows, api.ReadReceipts{Name: c.Name, Key: c.Key, Receipts: c.Receipts})
		}
	}
	return rows, nil
}

// SetReadReceipts is Backend.SetReadReceipts.
func (d *Daemon) SetReadReceipts(_ context.Context, request api.ReadReceiptsRequest) (api.ReadReceipts, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if request.Name == "" {
		d.silent = request.Receipts == api.ReceiptsOff
		return api.ReadReceipts{Receipts: request.Receipts}, nil
	}
	contact, err := d.contactOrNew(request.Name)
	if err != nil {
		return api.ReadReceipts{}, err
	}
	contact.Receipts = request.Receipts
	return api.ReadReceipts{Name: contact.Name, Key: contact.Key, Receipts: contact.Receipts}, nil
}

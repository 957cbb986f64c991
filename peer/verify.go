package peer

import (
	"context"
	"time"

	"peerd/internal/safetycode"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// Verify shows the safety code of our key and a peer's, and records that the user
// found it to be the same on both sides.
func (d *Daemon) Verify(ctx context.Context, request api.VerifyRequest) (api.Verification, error) {
	d.pinning.Lock()
	defer d.pinning.Unlock()
	contact, err := d.verifiable(request.Name)
	if err != nil {
		return api.Verification{}, err
	}
	code := safetycode.Of(d.Key(), contact.Key)
	if request.Code != "" && !code.Matches(request.Code) {
		return api.Verification{}, api.CodeDiffers(d.nameOf(contact.Key))
	}
	if request.Scanned != "" {
		if err := d.compareScanned(contact.Key, request.Scanned); err != nil {
			return api.Verification{}, err
		}
	}
	if request.Code != "" || request.Scanned != "" || request.Confirm {
		if contact, err = d.verified(ctx, contact); err != nil {
			return api.Verification{}, err
		}
	}
	return api.Verification{
		Name:       d.nameOf(contact.Key),
		Key:        contact.Key.String(),
		Digits:     code.Digits(),
		Words:      code.Words(),
		QR:         safetycode.Card(d.Key(), contact.Key),
		Verified:   !contact.VerifiedAt.IsZero(),
		VerifiedAt: api.At(contact.VerifiedAt),
	}, nil
}

// compareScanned compares what was scanned with what the peer should show to us.
func (d *Daemon) compareScanned(peer wire.Key, scanned string) error {
	owner, reader, err := safetycode.ReadCard(scanned)
	switch {
	case err != nil:
		return api.NotScannable(d.nameOf(peer), false)
	case owner == d.Key():
		return api.NotScannable(d.nameOf(peer), true)
	case owner != peer || reader != d.Key():
		return api.CodeDiffers(d.nameOf(peer))
	}
	return nil
}

// verifiable returns the contact that ref means, or of one that is none yet, its
// key. While the name comes with another key there is nothing to verify: the user
// has to decide first which of them is meant.
func (d *Daemon) verifiable(ref string) (store.Contact, error) {
	key, err := d.resolve(ref)
	if err != nil {
		return store.Contact{}, err
	}
	contact, err := d.contact(key.String())
	if err != nil {
		return store.Contact{Key: key}, nil
	}
	return contact, nil
}

// verified records that the user knows a key to be its owner's.
func (d *Daemon) verified(ctx context.Context, contact store.Contact) (store.Contact, error) {
	contact, err := d.contactOrNew(ctx, contact.Key.String())
	if err != nil || !contact.VerifiedAt.IsZero() {
		return contact, err
	}
	contact.VerifiedAt = time.Now()
	if err := d.store.SetVerified(ctx, contact.Key, contact.VerifiedAt); err != nil {
		return contact, err
	}
	d.replaceContact(contact)
	d.log.Info().Stringer("peer", contact.Key).Msg("key verified")
	return d.chosen(ctx, contact)
}

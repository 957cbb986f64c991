package peer

import (
	"context"
	"fmt"
	"time"

	"peerd/internal/name"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// Trust pins the key that the roster has for a name now. What waits for the key
// pinned before stays addressed to it: it was written for its owner's eyes, and
// only the user can say, by writing it again, that the new owner may read it. The
// key that takes the place of a verified one has to be named.
func (d *Daemon) Trust(ctx context.Context, request api.TrustRequest) (api.Trusted, error) {
	trusted, err := d.trust(ctx, request)
	key, failed := wire.ParseKey(trusted.Key)
	switch {
	case failed != nil:
	case trusted.OldKey != "":
		if d.introduces() == api.IntroduceContacts {
			d.reconsider() // the old key is nobody's whom the user has chosen
		}
		d.conversation(key).want(true) // what it could not deliver comes at once, and what was said in groups
	default:
		d.conversation(key).wake() // what was said in groups waits for it
	}
	return trusted, err
}

func (d *Daemon) trust(ctx context.Context, request api.TrustRequest) (api.Trusted, error) {
	d.pinning.Lock()
	defer d.pinning.Unlock()
	old, offered, err := d.offeredKey(request)
	if err != nil {
		return api.Trusted{}, err
	}
	contact := store.Contact{
		Key: offered.Key, Name: offered.Name, Petname: old.Petname, PinnedAt: time.Now(), Prekey: offered.Prekey,
		Receipts: old.Receipts, ChosenAt: old.ChosenAt,
	}
	if old.Name == "" {
		contact.ChosenAt = contact.PinnedAt
	}
	trusted := api.Trusted{Name: calledName(contact), Key: contact.Key.String()}
	if old.Key == contact.Key {
		return trusted, nil
	}
	if !old.BlockedAt.IsZero() {
		return api.Trusted{}, api.Blocked(calledName(old))
	}
	if err := d.store.Repin(ctx, contact); err != nil {
		return api.Trusted{}, err
	}
	d.mu.Lock()
	d.contacts.remove(old.Key)
	d.contacts.add(contact)
	d.mu.Unlock()
	d.log.Info().Stringer("key", contact.Key).Msg("key trusted")
	d.reviewAllSuspects()
	if old.Name == "" {
		return trusted, nil
	}
	queued, err := d.store.Queued(ctx)
	trusted.OldKey, trusted.Queued = old.Key.String(), queued[old.Key]
	trusted.WasVerified = !old.VerifiedAt.IsZero()
	return trusted, err
}

// offeredKey returns the contact a name means, zero when there is none yet, and
// the roster's row for the name, if its key may be pinned.
func (d *Daemon) offeredKey(request api.TrustRequest) (old store.Contact, offered wire.Row, err error) {
	wanted, err := wantedKey(request.Key)
	if err != nil {
		return old, offered, err
	}
	called := request.Name
	if old, err = d.contact(request.Name); err == nil {
		called = old.Name
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	normal, err := name.Normalize(called)
	if err != nil {
		return old, offered, api.NoSuchPeer(called)
	}
	offered, listed := d.roster.ByName(normal)
	other, known := d.contacts.byKey[offered.Key]
	switch {
	case !listed:
		return old, offered, api.NoSuchPeer(called)
	case offered.Key == d.Key():
		return old, offered, &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("%q is this peer itself", called)}
	case wanted != wire.Key{} && wanted != offered.Key:
		return old, offered, api.KeyMismatch(request.Name, offered.Key.String())
	case !old.VerifiedAt.IsZero() && wanted == wire.Key{} && offered.Key != old.Key:
		return old, offered, api.VerifiedKeyChanged(request.Name)
	case known && other.Key != old.Key:
		return old, offered, api.KeyKnown(calledName(other))
	}
	return old, offered, nil
}

// wantedKey reads the key that alone is to be trusted; zero means any.
func wantedKey(text string) (wire.Key, error) {
	if text == "" {
		return wire.Key{}, nil
	}
	key, err := wire.ParseKey(text)
	if err != nil || key == (wire.Key{}) {
		return key, &api.Error{
			Code:    api.CodeUsage,
			Message: fmt.Sprintf("%.60q is not a key", text),
			Hint:    "give it whole, as the owner's peerctl whoami shows it",
		}
	}
	return key, nil
}

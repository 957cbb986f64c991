package peer

import (
	"context"
	"errors"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// ForgetContact removes a pin, and with Force also the messages that wait for
// its key. A whole key may be one that is pinned no more but has messages
// waiting for it.
func (d *Daemon) ForgetContact(ctx context.Context, request api.ForgetRequest) (api.Forgotten, error) {
	d.pinning.Lock()
	defer d.pinning.Unlock()
	key, err := wire.ParseKey(request.Name)
	if err != nil {
		contact, err := d.contact(request.Name)
		if err != nil {
			return api.Forgotten{}, err
		}
		key = contact.Key
	}
	if d.isBlocked(key) { // forgotten, it could write again
		return api.Forgotten{}, api.Blocked(d.nameOf(key))
	}
	forgotten := api.Forgotten{Name: d.nameOf(key), Key: key.String()}
	discarded, err := d.store.Forget(ctx, key, request.Force)
	if pending, waiting := errors.AsType[*store.PendingError](err); waiting {
		return api.Forgotten{}, api.MessagesQueued(request.Name, pending.Count)
	}
	if errors.Is(err, store.ErrNotFound) {
		return api.Forgotten{}, api.NoSuchContact(request.Name)
	}
	if err != nil {
		return api.Forgotten{}, err
	}
	d.mu.Lock()
	d.contacts.remove(key)
	d.mu.Unlock()
	d.reviewAllSuspects()
	for _, id := range discarded {
		d.waiters.message(id, store.Message{})
	}
	if d.introduces() == api.IntroduceContacts {
		d.reconsider()
	}
	forgotten.Discarded = len(discarded)
	return forgotten, nil
}

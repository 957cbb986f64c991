package apitest

import (
	"context"
	"slices"

	"peerd/peer/api"
)

func (d *Daemon) Edit(_ context.Context, request api.EditRequest) (api.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, err := d.findSent(request.ID)
	if err != nil {
		return api.Message{}, err
	}
	if d.edits[d.sent[i].ID].Unsend {
		return api.Message{}, api.WasUnsent(request.ID)
	}
	d.edits[d.sent[i].ID], d.texts[i] = request, request.Text
	d.Publish(api.Edit{Message: d.outgoing(i)})
	return d.outgoing(i), nil
}

// Change makes the author of the last message received change it, or take it
// back: then text is empty.
func (d *Daemon) Change(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := &d.inbox[len(d.inbox)-1]
	m.Text, m.Unsent = text, text == ""
	if !m.Unsent {
		m.EditedAt = Epoch
	}
	d.Publish(api.Edit{Message: *m})
}

func (d *Daemon) Receipts(_ context.Context, id string) ([]api.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i, err := d.findSent(id)
	if err != nil {
		return nil, err
	}
	return []api.Receipt{d.receipt(d.sent[i])}, nil
}

// findSent returns the index of the sent message that a user calls ref. The caller
// holds the lock.
func (d *Daemon) findSent(ref string) (int, error) {
	if ref == "last" && len(d.sent) > 0 {
		return len(d.sent) - 1, nil
	}
	if i := d.indexSent(ref); i >= 0 {
		return i, nil
	}
	if i := slices.IndexFunc(d.inbox, func(m api.Message) bool { return m.ID == ref }); i >= 0 {
		return 0, api.NotOurs(ref, d.inbox[i].From)
	}
	return 0, api.NoSuchMessage(ref)
}

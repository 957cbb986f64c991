package apitest

import (
	"cmp"
	"context"
	"slices"

	"peerd/peer/api"
)

func (d *Daemon) History(_ context.Context, request api.HistoryRequest) ([]api.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var with api.Peer
	if request.With != "" {
		peer, err := d.find(request.With)
		if err != nil {
			return nil, err
		}
		with = *peer
	}
	messages := d.messages()
	if request.Before != "" {
		end := slices.IndexFunc(messages, func(m api.Message) bool { return m.ID == request.Before })
		if end < 0 {
			return nil, api.NoSuchMessage(request.Before)
		}
		messages = messages[:end]
	}
	if request.With != "" {
		messages = slices.DeleteFunc(messages, func(m api.Message) bool { return !isWith(m, with.Name) })
	}
	return messages[max(0, len(messages)-request.Limit):], nil
}

// messages returns what was received and sent, in the order in which it was. The
// caller holds the lock.
func (d *Daemon) messages() []api.Message {
	var messages []api.Message
	for _, id := range d.history {
		if i := d.indexSent(id); i >= 0 {
			messages = append(messages, d.outgoing(i))
			continue
		}
		i := slices.IndexFunc(d.inbox, func(m api.Message) bool { return m.ID == id })
		messages = append(messages, d.inbox[i])
	}
	return messages
}

// outgoing returns the i-th message sent as the history has it. The caller holds
// the lock.
func (d *Daemon) outgoing(i int) api.Message {
	s := d.sent[i]
	m := api.Message{
		ID: s.ID, From: d.status.Name, FromKey: d.status.Key, To: s.To, Text: d.texts[i],
		SentAt: Epoch, Path: s.Path, Outgoing: true, State: s.State,
		ClassicMark: s.ClassicMark,
	}
	if s.State.Reached(api.StateDelivered) {
		m.ReceivedAt = Epoch
	}
	if edit, edited := d.edits[s.ID]; edit.Unsend {
		m.Unsent = true
	} else if edited {
		m.EditedAt = Epoch
	}
	return m
}

// receipt returns how far a message has come. The caller holds the lock.
func (d *Daemon) receipt(s api.Sent) api.Receipt {
	r := api.Receipt{
		ID: s.ID, To: s.To, ToKey: d.peer(s.To).Key, State: s.State, Path: cmp.Or(s.Path, api.PathNone), At: Epoch, SentAt: Epoch,
	}
	if s.State.Reached(api.StateDelivered) {
		r.DeliveredAt = Epoch
	}
	if s.State.Reached(api.StateRead) {
		r.ReadAt = Epoch
	}
	return r
}

func isWith(m api.Message, peer string) bool { return m.From == peer || m.Outgoing && m.To == peer }

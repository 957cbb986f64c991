package peer

import (
	"context"
	"fmt"
	"slices"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// An edit is an item for everybody who got the text, behind it in the order of the
// conversation. Here it has its effect at once, so what still waits to be sent goes
// out as it reads now; whether or not a recipient had it before, in the end it has
// what the last edit says.

// Edit changes a text of ours, or takes it back.
func (d *Daemon) Edit(ctx context.Context, request api.EditRequest) (api.Message, error) {
	edit := wire.Edit{Body: request.Text, Unsend: request.Unsend}
	if !edit.Unsend {
		if err := api.CheckText(edit.Body); err != nil {
			return api.Message{}, err
		}
	}
	copies, err := d.ownCopies(ctx, request.ID)
	if err != nil {
		return api.Message{}, err
	}
	if err := mayEdit(request.ID, copies[0]); err != nil {
		return api.Message{}, err
	}
	edit.ID = copies[0].ID
	var peers []wire.Key
	for _, m := range copies {
		peers = append(peers, m.Peer)
	}
	if _, err := d.acceptItems(ctx, edit, peers...); err != nil {
		return api.Message{}, err
	}
	row, err := d.editedRow(ctx, edit.ID)
	if err != nil {
		return api.Message{}, err
	}
	d.events.Publish(api.Edit{Message: row})
	if row.Unsent && !request.Unsend { // meanwhile
		return api.Message{}, api.WasUnsent(request.ID)
	}
	return row, nil
}

// mayEdit says why a message of ours, called ref, cannot be changed.
func mayEdit(ref string, m store.Message) error {
	switch {
	case m.Kind != wire.KindText:
		return &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("message %s is no text", ref)}
	case !m.UnsentAt.IsZero():
		return api.WasUnsent(ref)
	}
	return nil
}

// ownCopies returns the copies, one for each recipient, of the message of ours
// that the user calls ref.
func (d *Daemon) ownCopies(ctx context.Context, ref string) ([]store.Message, error) {
	m, err := d.storedMessage(ctx, ref)
	if err != nil {
		return nil, err
	}
	if !m.Outgoing {
		return nil, api.NotOurs(ref, d.nameOf(m.Peer))
	}
	copies, err := d.store.Copies(ctx, m.ID)
	if err == nil && len(copies) == 0 {
		err = api.NoSuchMessage(ref) // discarded meanwhile
	}
	return copies, err
}

// editedRow describes a message of ours as it is now.
func (d *Daemon) editedRow(ctx context.Context, id wire.MessageID) (api.Message, error) {
	copies, err := d.store.Copies(ctx, id)
	if err != nil {
		return api.Message{}, err
	}
	if len(copies) == 0 {
		return api.Message{}, api.NoSuchMessage(id.String()) // discarded meanwhile
	}
	shown := max(0, slices.IndexFunc(copies, func(m store.Message) bool { return !m.Hidden }))
	rows, err := d.messageRows(ctx, copies[shown:shown+1])
	if err != nil {
		return api.Message{}, err
	}
	return rows[0], nil
}

// tookEdit tells subscribers that a peer has changed a text of its own, if it has.
func (d *Daemon) tookEdit(m store.Message) {
	edit, err := wire.ParseEdit([]byte(m.Payload))
	if err != nil {
		return
	}
	text, err := d.store.Received(d.ctx, m.Peer, edit.ID)
	if err != nil || text.Hidden || !text.EditedAt.Equal(m.SentAt) && !text.UnsentAt.Equal(m.SentAt) {
		return // it had no effect that anybody sees
	}
	d.events.Publish(api.Edit{Message: d.messageRow(text)})
}

// takenBack is what is sent in place of a text that was taken back before its
// receipt came: an item with its id, in its place among the others, which hides
// nothing and shows nothing. A peer that has the text knows the id and stores no
// more; what takes the text back there is the edit behind.
func takenBack(m store.Message) wire.Message {
	body, _ := wire.Edit{ID: m.ID, Unsend: true}.AppendBody(nil) // nothing in it can be wrong
	return wire.Item{ID: m.ID, Seq: m.Seq, SentAt: m.SentAt, Payload: wire.KindEdit, Body: body}
}

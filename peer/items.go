package peer

import (
	"context"
	"fmt"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// Items are all that is delivered like a text and is none: edits, what a group
// is, files that are offered. Accepting, sending, storing and acknowledging them
// is the outbox's and inbox's work as for texts. What one changes on either side
// is changed by the store in the same transaction (store's takeEffect).

// sendItem accepts payload as an item for peer: when it returns, the item and
// its effect are on our disk, and it will be delivered however long that takes.
func (d *Daemon) sendItem(ctx context.Context, peer wire.Key, payload wire.Message) (store.Message, error) {
	accepted, err := d.acceptItems(ctx, payload, peer)
	if err != nil {
		return store.Message{}, err
	}
	return accepted[0], nil
}

// acceptItems is sendItem to several peers: all of them will get it, or none.
func (d *Daemon) acceptItems(ctx context.Context, payload wire.Message, peers ...wire.Key) ([]store.Message, error) {
	body, err := payload.AppendBody(nil)
	if err != nil {
		return nil, err
	}
	drafts := make([]store.Draft, len(peers))
	for i, peer := range peers {
		if store.IsClassic(peer) {
			return nil, api.ClassicOnly(d.classicRef(peer))
		}
		id, err := requestedID("")
		if err != nil {
			return nil, err
		}
		drafts[i] = store.Draft{To: peer, ID: id, Kind: payload.Kind(), Payload: body, Hidden: true}
	}
	accepted, err := d.store.AcceptAll(ctx, time.Now(), drafts...)
	if err != nil {
		return nil, fmt.Errorf("accept %s: %w", payload.Kind(), err)
	}
	for _, peer := range peers {
		d.conversation(peer).wake()
	}
	return accepted, nil
}

// deliverable is a message of ours as it goes over the wire.
func deliverable(m store.Message) wire.Message {
	if m.Kind == wire.KindText && !m.UnsentAt.IsZero() {
		return takenBack(m)
	}
	if m.Kind == wire.KindText {
		return wire.Text{ID: m.ID, Seq: m.Seq, SentAt: m.SentAt, Body: m.Body, Group: m.Group}
	}
	return wire.Item{ID: m.ID, Seq: m.Seq, SentAt: m.SentAt, Payload: m.Kind, Body: []byte(m.Payload)}
}

// incoming is a peer's message as the store takes it; false when it is nothing
// that is stored.
func (d *Daemon) incoming(m wire.Message) (store.Incoming, bool) {
	switch m := m.(type) {
	case wire.Text:
		text := store.IncomingText(m)
		text.To = d.Key()
		return text, true
	case wire.Item:
		return store.Incoming{ID: m.ID, Seq: m.Seq, SentAt: m.SentAt, Kind: m.Payload, Payload: m.Body, Hidden: true, To: d.Key()}, true
	}
	return store.Incoming{}, false
}

// tookMessage tells who wants to know that a peer's message was stored just now.
func (d *Daemon) tookMessage(m store.Message) {
	switch m.Kind {
	case wire.KindText:
		if m.Hidden {
			return // said in a group that we are not in
		}
		d.events.Publish(d.messageRow(m))
	case wire.KindEdit:
		d.tookEdit(m)
	case wire.KindGroup:
		d.tookGroup(m.Peer, []byte(m.Payload))
	case wire.KindFileOffer:
		d.tookOffer(m)
	case wire.KindFileAnswer:
		d.tookAnswer(m)
	}
}

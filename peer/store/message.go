package store

import (
	"fmt"
	"slices"
	"time"

	"peerd/wire"
)

// A State says how far a message has come. It only moves forward.
type State string

const (
	Queued    State = "queued"    // ours: on our disk
	Sent      State = "sent"      // ours: handed to a path, perhaps lost there
	Delivered State = "delivered" // ours: on the recipient's disk
	Unread    State = "unread"    // the peer's: on our disk
	Read      State = "read"      // read by the recipient, whoever that is
)

// A Message is one message of a conversation, as stored.
type Message struct {
	Row         int64 // order of arrival in this store, from 1; never changes and is never reused
	ID          wire.MessageID
	Peer        wire.Key     // the other side: recipient or sender
	Outgoing    bool         // ours
	Seq         uint64       // the sender's sequence in this conversation, from 1
	Kind        wire.Kind    // KindText, or what kind of item
	Body        string       // what people read; items that are not for people have none
	Payload     string       // the encoded message of an item
	Group       wire.GroupID // it was said in; zero: between the two of us
	Hidden      bool         // not in the history: an item, or one of the copies that went to a group
	SentAt      time.Time    // by the sender's clock
	ReceivedAt  time.Time    // incoming only: when it was stored here
	State       State
	DeliveredAt time.Time // zero until known
	ReadAt      time.Time // zero until read
	Path        string    // the path it came, or was delivered, on; empty until known
	EditedAt    time.Time // when the author changed Body last; zero if never
	UnsentAt    time.Time // when the author took it back; zero if not. Body is empty then
}

// messageColumns are what scanMessage reads, in this order.
const messageColumns = `row_id, id, peer, outgoing, seq, body, sent_at, received_at, state, delivered_at, read_at, path,
	kind, payload, group_id, hidden, edited_at, unsent_at`

func scanMessage(row scanner) (Message, error) {
	var m Message
	var id, peer, group []byte
	var seq, sent, received, delivered, read, edited, unsent int64
	err := row.Scan(&m.Row, &id, &peer, &m.Outgoing, &seq, &m.Body, &sent, &received, &m.State, &delivered, &read, &m.Path,
		&m.Kind, &m.Payload, &group, &m.Hidden, &edited, &unsent)
	if err != nil {
		return Message{}, fmt.Errorf("read message: %w", err)
	}
	m.ID, m.Peer, m.Seq = wire.MessageID(id), wire.Key(peer), uint64(seq)
	m.SentAt, m.ReceivedAt = fromNanos(sent), fromNanos(received)
	m.DeliveredAt, m.ReadAt = fromNanos(delivered), fromNanos(read)
	m.EditedAt, m.UnsentAt = fromNanos(edited), fromNanos(unsent)
	copy(m.Group[:], group)
	m.State = stateOf(m)
	return m, nil
}

// inConversationOrder sorts messages that are in order of arrival. What one
// side of a conversation said stays at the places where something of it
// arrived, but in the order in which it was said.
func inConversationOrder(messages []Message) {
	type voice struct {
		peer     wire.Key
		outgoing bool
	}
	places := make(map[voice][]int)
	for i, m := range messages {
		v := voice{m.Peer, m.Outgoing}
		places[v] = append(places[v], i)
	}
	for _, indexes := range places {
		said := make([]Message, len(indexes))
		for i, index := range indexes {
			said[i] = messages[index]
		}
		slices.SortStableFunc(said, bySeq)
		for i, index := range indexes {
			messages[index] = said[i]
		}
	}
}

// groupOctets is a group as the schema keeps it: empty for none.
func groupOctets(id wire.GroupID) []byte {
	if id.IsZero() {
		return []byte{}
	}
	return id[:]
}

// octets is b, never NULL.
func octets(b []byte) []byte { return append([]byte{}, b...) }

// toNanos and fromNanos convert times as the schema keeps them.
func toNanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

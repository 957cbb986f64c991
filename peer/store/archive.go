package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"peerd/wire"
)

// Imported is the state of a message of ours that was under way where it was
// exported: whether it has arrived since nobody knows here. It is not sent from
// here, and on the disk it is a delivered one without the time of its delivery.
const Imported State = "imported"

// Page returns up to limit messages that arrived after the one with the given Row,
// hidden ones too, as they arrived: of everybody, or of one peer.
func (s *Store) Page(ctx context.Context, peer *wire.Key, after int64, limit int) ([]Message, error) {
	condition, args := "", []any{after}
	if peer != nil {
		condition, args = "peer = ? AND", []any{peer[:], after}
	}
	page, err := list(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE `+condition+` row_id > ? ORDER BY row_id LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	return page, nil
}

// An ImportCount says what became of imported messages.
type ImportCount struct {
	Added    int // were not here
	Advanced int // were here, and have come further than was known
	Known    int // were here as they are, or further
}

// Import stores messages of an archive, all of them or none, in their order. It
// makes nothing happen: no message is sent, and no item takes effect. A message
// that is here keeps what is newer here.
//
// With anotherKey they are those of another key of the user's. Then their
// sequences mean nothing here: they come before everything that is here, and what
// is known already stays as it is.
func (s *Store) Import(ctx context.Context, messages []Message, anotherKey bool) (ImportCount, error) {
	defer s.index.wake()
	return write(ctx, s, "import messages", func(tx *transaction) (ImportCount, error) {
		var count ImportCount
		for _, m := range messages {
			if anotherKey {
				m.Seq = 1
			}
			known, advanced, err := tx.importMessage(m, !anotherKey)
			switch {
			case err != nil:
				return ImportCount{}, err
			case !known:
				count.Added++
			case advanced:
				count.Advanced++
			default:
				count.Known++
			}
		}
		return count, nil
	})
}

func (tx *transaction) importMessage(m Message, advance bool) (known, advanced bool, err error) {
	stored, known, err := tx.known(`SELECT row_id FROM message WHERE id = ? AND peer = ? AND outgoing = ?`, m.ID[:], m.Peer[:], m.Outgoing)
	if err != nil {
		return false, false, err
	}
	if known {
		if advance {
			advanced, err = tx.advance(stored, m)
		}
		return known, advanced, err
	}
	if err := tx.passSequence(m); err != nil {
		return false, false, err
	}
	m.State, m.DeliveredAt = stateOnDisk(m)
	inserted, err := tx.insertMessage(m)
	if err != nil || m.EditedAt.IsZero() && m.UnsentAt.IsZero() {
		return false, false, err
	}
	return false, false, tx.exec(`UPDATE message SET edited_at = ?, unsent_at = ? WHERE row_id = ?`,
		toNanos(m.EditedAt), toNanos(m.UnsentAt), inserted.Row)
}

// passSequence sees to it that the sequence of an imported message is not used
// again, and counts as received.
func (tx *transaction) passSequence(m Message) error {
	next, err := tx.sequenceFloor()
	if err != nil {
		return err
	}
	received := int64(m.Seq)
	if m.Outgoing {
		next, received = max(next, int64(m.Seq)+1), 0
	}
	return tx.exec(`INSERT INTO conversation (peer, next_seq, received_seq) VALUES (?, ?, ?) ON CONFLICT (peer) DO UPDATE SET
		next_seq = max(next_seq, excluded.next_seq), received_seq = max(received_seq, excluded.received_seq)`,
		m.Peer[:], next, received)
}

// stateOnDisk is a state of the archive as it is kept: nothing imported is pending.
func stateOnDisk(m Message) (State, time.Time) {
	pending := m.State == Queued || m.State == Sent
	switch {
	case m.State == Imported, m.Outgoing && pending && !IsClassic(m.Peer):
		return Delivered, time.Time{}
	}
	return m.State, m.DeliveredAt
}

// stateOf is stateOnDisk turned around.
func stateOf(m Message) State {
	if m.Outgoing && m.State == Delivered && m.DeliveredAt.IsZero() {
		return Imported
	}
	return m.State
}

// progress are the states of either direction in their order. Of an imported
// message anything else is news.
var progress = []State{Imported, Queued, Unread, Sent, Delivered, Read}

// advance brings a stored message to where it is in the archive, if that is further.
func (tx *transaction) advance(stored, m Message) (advanced bool, err error) {
	pending := m.State == Queued || m.State == Sent
	if !pending && slices.Index(progress, m.State) > slices.Index(progress, stored.State) {
		advanced = true
		err := tx.exec(`UPDATE message SET state = ?, delivered_at = ?, read_at = ?, path = ? WHERE row_id = ?`,
			m.State, toNanos(m.DeliveredAt), toNanos(m.ReadAt), m.Path, stored.Row)
		if err != nil {
			return false, err
		}
	}
	if stored.UnsentAt.IsZero() && (m.EditedAt.After(stored.EditedAt) || !m.UnsentAt.IsZero()) {
		advanced = true
		err = tx.exec(`UPDATE message SET body = ?, edited_at = ?, unsent_at = ? WHERE row_id = ?`,
			m.Body, toNanos(m.EditedAt), toNanos(m.UnsentAt), stored.Row)
	}
	return advanced, err
}

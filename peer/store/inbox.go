package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"peerd/wire"
)

// ErrSequence means that a message's sequence is 0 or absurdly high: no honest
// peer sends it, and it will never be stored.
var ErrSequence = errors.New("sequence number is out of range")

// An Incoming is a message of a peer that is to be stored.
type Incoming struct {
	ID      wire.MessageID
	Seq     uint64
	SentAt  time.Time
	Kind    wire.Kind // KindText, or the kind of Payload
	Body    string
	Payload []byte
	Group   wire.GroupID
	Hidden  bool     // then it is not unread either
	To      wire.Key // our own key: what is said in a Group is shown only while we are in it
}

// IncomingText is a text as Receive wants it.
func IncomingText(text wire.Text) Incoming {
	return Incoming{ID: text.ID, Seq: text.Seq, SentAt: text.SentAt, Kind: wire.KindText, Body: text.Body, Group: text.Group}
}

// Received is what became of an Incoming.
type Received struct {
	Message Message // as stored
	Fresh   bool    // it was not stored before
}

// Receive stores a message from a peer, in state Unread. A message that is
// stored already, as told by its sender and id, is returned as it is with
// fresh = false. Either way it is on the disk, and may be receipted. Messages
// may arrive in any order.
func (s *Store) Receive(ctx context.Context, from wire.Key, in Incoming, at time.Time, path string) (m Message, fresh bool, err error) {
	received, err := s.ReceiveAll(ctx, from, []Incoming{in}, at, path)
	if err != nil {
		return Message{}, false, err
	}
	return received[0].Message, received[0].Fresh, nil
}

// ReceiveAll is Receive for messages that came one after the other: they share a
// transaction. It returns those that are on the disk, which with an error are
// the ones before the message that could not be stored.
func (s *Store) ReceiveAll(ctx context.Context, from wire.Key, in []Incoming, at time.Time, path string) ([]Received, error) {
	var refused error
	for i, one := range in {
		if one.Seq == 0 || one.Seq > math.MaxInt64 {
			refused = fmt.Errorf("receive message %d of %s: %w", one.Seq, from, ErrSequence)
			in = in[:i]
			break
		}
	}
	received, err := s.receiveTogether(ctx, from, in, at, path)
	if err == nil || len(in) == 1 {
		return received, errors.Join(err, refused)
	}
	// One of them may be what is too large for the disk.
	for _, one := range in {
		alone, err := s.receiveTogether(ctx, from, []Incoming{one}, at, path)
		if err != nil {
			return received, err
		}
		received = append(received, alone...)
	}
	return received, refused
}

// receiveTogether stores all of the messages, or none.
func (s *Store) receiveTogether(ctx context.Context, from wire.Key, in []Incoming, at time.Time, path string) ([]Received, error) {
	if len(in) == 0 {
		return nil, nil
	}
	return write(ctx, s, "receive message", func(tx *transaction) ([]Received, error) {
		received := make([]Received, len(in))
		for i, one := range in {
			m, fresh, err := storeIncoming(tx, from, one, at, path)
			if err != nil {
				return nil, err
			}
			received[i] = Received{m, fresh}
		}
		return received, nil
	})
}

func storeIncoming(tx *transaction, from wire.Key, in Incoming, at time.Time, path string) (m Message, fresh bool, err error) {
	stored, known, err := tx.known(`SELECT row_id FROM message WHERE id = ? AND peer = ? AND outgoing = 0`, in.ID[:], from[:])
	if known || err != nil {
		return stored, false, err
	}
	err = tx.exec(`INSERT INTO conversation (peer, received_seq) VALUES (?, ?)
		ON CONFLICT (peer) DO UPDATE SET received_seq = max(received_seq, excluded.received_seq)`, from[:], int64(in.Seq))
	if err != nil {
		return Message{}, false, err
	}
	if !in.Group.IsZero() {
		both, err := bothInGroup(tx, in.Group, from, in.To)
		if err != nil {
			return Message{}, false, err
		}
		in.Hidden = in.Hidden || !both
	}
	m = Message{
		ID: in.ID, Peer: from, Seq: in.Seq, Kind: in.Kind, Body: in.Body, Payload: string(in.Payload), Group: in.Group, Hidden: in.Hidden,
		SentAt: in.SentAt, ReceivedAt: at, DeliveredAt: at, State: Unread, Path: path,
	}
	if in.Hidden {
		m.State, m.ReadAt = Read, at
	}
	if m, err = tx.insertMessage(m); err != nil {
		return Message{}, false, err
	}
	return m, true, takeEffect(tx, m)
}

// ReadUpTo notes that the user has read what peer said in a group, or where that
// is zero to us alone, up to and including the sequence seq. With withReceipt the
// peer may be told (see ReadCursor), and because it is told by sequence, also of
// earlier messages that were read without. It reports whether anything changed.
func (s *Store) ReadUpTo(ctx context.Context, peer wire.Key, group wire.GroupID, seq uint64, at time.Time, withReceipt bool) (changed bool, err error) {
	return write(ctx, s, "mark messages as read", func(tx *transaction) (bool, error) {
		read, err := tx.changes(`UPDATE message SET state = 'read', read_at = ?
			WHERE peer = ? AND state = 'unread' AND group_id = ? AND seq <= ?`, toNanos(at), peer[:], groupOctets(group), toSeq(seq))
		if err != nil || !withReceipt {
			return read > 0, err
		}
		// Nobody has read what has not arrived.
		announced, err := tx.changes(`UPDATE conversation SET announced_seq = min(?2, received_seq), announced_at = ?3
			WHERE peer = ?1 AND min(?2, received_seq) > announced_seq`, peer[:], toSeq(seq), toNanos(at))
		return read > 0 || announced > 0, err
	})
}

// ReadCursor returns what to tell peer when a session with it starts: that the
// user has read its messages up to the sequence upTo, at that time. There is
// nothing to tell while announce is false. A message that arrived late and is
// unread holds the cursor back.
func (s *Store) ReadCursor(ctx context.Context, peer wire.Key) (upTo uint64, at time.Time, announce bool, err error) {
	type cursor struct{ upTo, at int64 }
	c, err := first(ctx, s, func(row scanner) (c cursor, err error) {
		err = row.Scan(&c.upTo, &c.at)
		return c, err
	}, `SELECT min(announced_seq, coalesce((SELECT min(seq) - 1 FROM message
			WHERE message.peer = conversation.peer AND state = 'unread'), announced_seq)), announced_at
		FROM conversation WHERE peer = ?`, peer[:])
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, time.Time{}, false, nil
	case err != nil:
		return 0, time.Time{}, false, fmt.Errorf("look up read cursor: %w", err)
	}
	return uint64(c.upTo), fromNanos(c.at), c.upTo > 0, nil
}

// Unread returns how many unread messages there are of each peer that has any,
// but for those in groups.
func (s *Store) Unread(ctx context.Context) (map[wire.Key]int, error) {
	counts, err := countByPeer(ctx, s, `SELECT peer, count(*) FROM message WHERE state = 'unread' AND group_id = x'' GROUP BY peer`)
	if err != nil {
		return nil, fmt.Errorf("count unread messages: %w", err)
	}
	return counts, nil
}

// countByPeer reads the rows (peer, count) of a statement.
func countByPeer(ctx context.Context, s *Store, statement string, args ...any) (map[wire.Key]int, error) {
	counts := make(map[wire.Key]int)
	_, err := list(ctx, s, func(row scanner) (struct{}, error) {
		var peer []byte
		var count int
		err := row.Scan(&peer, &count)
		if err == nil {
			counts[wire.Key(peer)] = count
		}
		return struct{}{}, err
	}, statement, args...)
	return counts, err
}

package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"peerd/wire"
)

// ErrIDTaken means that the id belongs to a message to another peer.
var ErrIDTaken = errors.New("message id belongs to a message to another peer")

// A Draft is a message of ours that is to be accepted.
type Draft struct {
	To      wire.Key
	ID      wire.MessageID // the same one may go to several peers of one group
	Kind    wire.Kind      // KindText, or the kind of Payload
	Body    string
	Payload []byte
	Group   wire.GroupID
	Hidden  bool
}

// Accept stores a text to a peer, in state Queued and with the next sequence of
// that conversation. An id that was accepted before returns the message stored
// then, so a caller that does not know may call again.
func (s *Store) Accept(ctx context.Context, to wire.Key, id wire.MessageID, body string, at time.Time) (Message, error) {
	accepted, err := s.AcceptAll(ctx, at, Draft{To: to, ID: id, Kind: wire.KindText, Body: body})
	if err != nil {
		return Message{}, err
	}
	return accepted[0], nil
}

// AcceptAll is Accept for several messages: all of them are stored, or none.
func (s *Store) AcceptAll(ctx context.Context, at time.Time, drafts ...Draft) ([]Message, error) {
	return write(ctx, s, "accept message", func(tx *transaction) ([]Message, error) {
		accepted := make([]Message, len(drafts))
		for i, draft := range drafts {
			var err error
			accepted[i], err = storeDraft(tx, draft, at)
			if r, refused := errors.AsType[refusal](err); refused && i > 0 {
				err = r.reason // something has been written, which must be undone
			}
			if err != nil {
				return nil, err
			}
		}
		return accepted, nil
	})
}

func storeDraft(tx *transaction, draft Draft, at time.Time) (Message, error) {
	// An index alone answers it: a group's copies are many and may be long.
	stored, known, err := tx.known(`SELECT row_id FROM message WHERE id = ? AND outgoing = 1 ORDER BY peer = ? DESC LIMIT 1`,
		draft.ID[:], draft.To[:])
	switch {
	case err != nil:
		return Message{}, err
	case known && stored.Peer == draft.To:
		return stored, nil
	case known && (draft.Group.IsZero() || stored.Group != draft.Group):
		return Message{}, refusal{ErrIDTaken}
	}
	var seq int64
	err = tx.row(`INSERT INTO conversation (peer, next_seq) VALUES (?, 2)
		ON CONFLICT (peer) DO UPDATE SET next_seq = next_seq + 1 RETURNING next_seq - 1`, []any{draft.To[:]}, &seq)
	if err == nil && seq == 1 {
		seq, err = tx.firstSequence(draft.To)
	}
	if err != nil {
		return Message{}, fmt.Errorf("take sequence: %w", err)
	}
	stored, err = tx.insertMessage(Message{
		ID: draft.ID, Peer: draft.To, Outgoing: true, Seq: uint64(seq), Kind: draft.Kind, Body: draft.Body, Payload: string(draft.Payload),
		Group: draft.Group, Hidden: draft.Hidden, SentAt: at, State: Queued,
	})
	if err != nil {
		return Message{}, err
	}
	return stored, takeEffect(tx, stored)
}

// Pending returns up to limit messages to peer that are not known to be
// delivered and whose sequence is over after, in sequence.
func (s *Store) Pending(ctx context.Context, peer wire.Key, after uint64, limit int) ([]Message, error) {
	// A limit that is bound has SQLite compile the statement anew each time.
	pending, err := list(ctx, s, scanMessage, fmt.Sprintf(`SELECT `+messageColumns+` FROM message
		WHERE peer = ? AND state IN ('queued', 'sent') AND seq > ? ORDER BY seq LIMIT %d`, limit), peer[:], toSeq(after))
	if err != nil {
		return nil, fmt.Errorf("list pending messages: %w", err)
	}
	return pending, nil
}

// PeersWithPending returns the peers for which Pending is not empty. Classic users
// are none: what was sent to one waits for nothing.
func (s *Store) PeersWithPending(ctx context.Context) ([]wire.Key, error) {
	peers, err := list(ctx, s, scanKey, `SELECT DISTINCT peer FROM message WHERE state IN ('queued', 'sent') AND `+notClassic)
	if err != nil {
		return nil, fmt.Errorf("list peers with pending messages: %w", err)
	}
	return peers, nil
}

// Queued returns how many messages to each peer are not known to be delivered,
// without the items that nobody reads.
func (s *Store) Queued(ctx context.Context) (map[wire.Key]int, error) {
	counts, err := countByPeer(ctx, s, `SELECT peer, count(*) FROM message
		WHERE state IN ('queued', 'sent') AND (kind = ? OR hidden = 0) AND `+notClassic+` GROUP BY peer`, wire.KindText)
	if err != nil {
		return nil, fmt.Errorf("count queued messages: %w", err)
	}
	return counts, nil
}

// MarkSent notes that the messages to peer with sequences from first to last were
// handed to a path, and returns those for which this is news, in sequence. It
// passes over those that have come further. After a power cut some of them may be
// Queued again, and are sent again.
func (s *Store) MarkSent(ctx context.Context, peer wire.Key, first, last uint64) ([]Message, error) {
	return writeLazily(ctx, s, "mark messages sent", func(tx *transaction) ([]Message, error) {
		sent, err := tx.messages(`UPDATE message SET state = 'sent'
			WHERE peer = ? AND state IN ('queued', 'sent') AND seq BETWEEN ? AND ? AND state = 'queued'
			RETURNING `+messageColumns, peer[:], toSeq(first), toSeq(last))
		slices.SortFunc(sent, bySeq)
		return sent, err
	})
}

// MarkDelivered notes that messages are on peer's disk since at, and on which path
// the receipts say they got there. It returns those for which this is news. One
// that peer has reported as read already (see MarkRead) becomes Read. It passes
// over ids that are no message's to peer: the user may have discarded them while
// they were on their way. After a power cut some of the messages may be pending
// again; they are sent again, and the peer knows them and says so.
func (s *Store) MarkDelivered(ctx context.Context, peer wire.Key, at time.Time, path string, ids ...wire.MessageID) ([]Message, error) {
	return writeLazily(ctx, s, "mark messages delivered", func(tx *transaction) ([]Message, error) {
		var changed []Message
		for _, id := range ids {
			delivered, err := tx.messages(`UPDATE message SET state = 'delivered', delivered_at = ?, path = ?
				WHERE id = ? AND peer = ? AND outgoing = 1 AND state IN ('queued', 'sent') RETURNING `+messageColumns,
				toNanos(at), path, id[:], peer[:])
			if err != nil {
				return nil, err
			}
			changed = append(changed, delivered...)
		}
		if len(changed) == 0 {
			return nil, nil
		}
		read, err := markRead(tx, peer)
		for _, m := range read {
			if i := slices.IndexFunc(changed, func(c Message) bool { return c.Row == m.Row }); i >= 0 {
				changed[i] = m
			}
		}
		return changed, err
	})
}

// MarkRead notes that peer has read our messages up to and including the
// sequence upTo, and returns those for which this is news, in sequence. It
// touches only delivered ones, so that a wrong report loses nothing; one whose
// receipt is still under way follows in MarkDelivered.
func (s *Store) MarkRead(ctx context.Context, peer wire.Key, upTo uint64, at time.Time) ([]Message, error) {
	return write(ctx, s, "mark messages read", func(tx *transaction) ([]Message, error) {
		// A peer cannot have read what we have not written yet.
		err := tx.exec(`UPDATE conversation SET read_seq = min(?2, next_seq - 1), read_at = ?3
			WHERE peer = ?1 AND min(?2, next_seq - 1) > read_seq`, peer[:], toSeq(upTo), toNanos(at))
		if err != nil {
			return nil, err
		}
		return markRead(tx, peer)
	})
}

// markRead moves delivered messages that peer has reported as read to Read.
func markRead(tx *transaction, peer wire.Key) ([]Message, error) {
	var upTo, at int64
	err := tx.row(`SELECT read_seq, read_at FROM conversation WHERE peer = ?`, []any{peer[:]}, &upTo, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // no conversation, nothing to mark
	}
	if err != nil {
		return nil, err
	}
	changed, err := tx.messages(`UPDATE message SET state = 'read', read_at = ?
		WHERE peer = ? AND state = 'delivered' AND seq <= ? RETURNING `+messageColumns, at, peer[:], upTo)
	slices.SortFunc(changed, bySeq)
	return changed, err
}

func bySeq(a, b Message) int { return cmp.Compare(a.Seq, b.Seq) }

// toSeq is a sequence as SQLite can hold it. No message has a higher one.
func toSeq(seq uint64) int64 { return int64(min(seq, math.MaxInt64)) }

func scanKey(row scanner) (wire.Key, error) {
	var raw []byte
	if err := row.Scan(&raw); err != nil {
		return wire.Key{}, fmt.Errorf("read key: %w", err)
	}
	return wire.Key(raw), nil
}

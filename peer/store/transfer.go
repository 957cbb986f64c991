package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/wire"
)

// A TransferState says what has become of an offer. Accepted leads to one of the
// others but Offered; those are final.
//
//	offered ─▶ accepted ─▶ done
//	   │           ├─────▶ failed
//	   ├───────────┴─────▶ cancelled
//	   └─────────────────▶ declined
type TransferState string

const (
	TransferOffered   TransferState = "offered"
	TransferAccepted  TransferState = "accepted"
	TransferDone      TransferState = "done"
	TransferDeclined  TransferState = "declined"
	TransferCancelled TransferState = "cancelled"
	TransferFailed    TransferState = "failed"
)

// Open reports whether the state is not final.
func (s TransferState) Open() bool { return s == TransferOffered || s == TransferAccepted }

// A Transfer is a file or folder that was offered, by us or to us.
type Transfer struct {
	ID        wire.MessageID // of the item that the offer came in
	Peer      wire.Key
	Outgoing  bool // ours
	Offer     wire.FileOffer
	State     TransferState
	Reason    wire.FileReason // of TransferFailed
	Path      string          // ours: what is sent. A peer's: where it is, or is just being moved to
	Moved     int64           // bytes, as last noted
	OfferedAt time.Time
	EndedAt   time.Time // zero until then
}

// maxOpenOffers bounds the offers of one peer that wait for their recipient's
// decision or are being fetched. Further ones have no effect.
const maxOpenOffers = 100

// maxListed bounds what Transfers returns.
const maxListed = 1000

const transferColumns = `id, peer, outgoing, offer, state, reason, path, moved, offered_at, ended_at`

// Offer accepts draft, which has to be a FileOffer, for delivery, and notes that it
// offers what is at path.
func (s *Store) Offer(ctx context.Context, draft Draft, path string, at time.Time) (Message, error) {
	return write(ctx, s, "offer file", func(tx *transaction) (Message, error) {
		m, err := storeDraft(tx, draft, at)
		if err != nil {
			return Message{}, err
		}
		return m, tx.exec(`UPDATE transfer SET path = ? WHERE id = ?`, path, m.ID[:])
	})
}

// Transfer returns the transfer that the id names, or ErrNotFound.
func (s *Store) Transfer(ctx context.Context, id wire.MessageID) (Transfer, error) {
	t, err := first(ctx, s, scanTransfer, `SELECT `+transferColumns+` FROM transfer WHERE id = ?`, id[:])
	if err != nil {
		return Transfer{}, fmt.Errorf("look up transfer %s: %w", id, err)
	}
	return t, nil
}

// Transfers returns the newest transfers, oldest first, and all that are open.
func (s *Store) Transfers(ctx context.Context) ([]Transfer, error) {
	return s.transfers(ctx, `state IN ('offered', 'accepted')
		OR row_id > (SELECT coalesce(max(row_id), 0) FROM transfer) - ?`, maxListed)
}

// OpenTransfers returns all transfers that are open.
func (s *Store) OpenTransfers(ctx context.Context) ([]Transfer, error) {
	return s.transfers(ctx, `state IN ('offered', 'accepted')`)
}

func (s *Store) transfers(ctx context.Context, condition string, args ...any) ([]Transfer, error) {
	transfers, err := list(ctx, s, scanTransfer, `SELECT `+transferColumns+` FROM transfer WHERE `+condition+` ORDER BY row_id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list transfers: %w", err)
	}
	return transfers, nil
}

// SetTransferPath notes where a peer's file is about to be.
func (s *Store) SetTransferPath(ctx context.Context, id wire.MessageID, path string) error {
	return apply(ctx, s, "note path of transfer", func(tx *transaction) error {
		return tx.exec(`UPDATE transfer SET path = ? WHERE id = ? AND outgoing = 0`, path, id[:])
	})
}

// SetMoved notes how many bytes of a transfer have moved.
func (s *Store) SetMoved(ctx context.Context, id wire.MessageID, bytes int64) error {
	return apply(ctx, s, "note progress of transfer", func(tx *transaction) error {
		return tx.exec(`UPDATE transfer SET moved = ? WHERE id = ?`, bytes, id[:])
	})
}

// takeOffer is the effect of a FileOffer. The id is its sender's choice: one that
// is known already has no effect.
func takeOffer(tx *transaction, m Message) error {
	if _, err := wire.ParseFileOffer([]byte(m.Payload)); err != nil {
		return nil
	}
	return tx.exec(`INSERT INTO transfer (id, peer, outgoing, offer, state, offered_at)
		SELECT ?1, ?2, ?3, ?4, 'offered', ?5
		WHERE ?3 = 1 OR ?6 > (SELECT count(*) FROM transfer WHERE peer = ?2 AND outgoing = 0 AND state IN ('offered', 'accepted'))
		ON CONFLICT (id) DO NOTHING`,
		m.ID[:], m.Peer[:], m.Outgoing, octets([]byte(m.Payload)), toNanos(takenAt(m)), maxOpenOffers)
}

// takenAt is when m was stored here.
func takenAt(m Message) time.Time {
	if m.Outgoing {
		return m.SentAt
	}
	return m.ReceivedAt
}

// takeAnswer is the effect of a FileAnswer. The recipient of the offer may say
// anything, its sender only that it has cancelled it.
func takeAnswer(tx *transaction, m Message) error {
	answer, err := wire.ParseFileAnswer([]byte(m.Payload))
	if err != nil {
		return nil
	}
	state, from := verdict(answer.Answer)
	if state == "" {
		return nil
	}
	ended := takenAt(m)
	if state.Open() {
		ended = time.Time{}
	}
	ofOffered, senderMay := from == TransferOffered, state == TransferCancelled
	return tx.exec(`UPDATE transfer SET state = ?1, reason = ?2, ended_at = ?3
		WHERE id = ?4 AND peer = ?5 AND (outgoing <> ?6 OR ?7)
			AND (state = 'offered' OR state = 'accepted' AND NOT ?8)`,
		state, answer.Reason, toNanos(ended), answer.Offer[:], m.Peer[:], m.Outgoing, senderMay, ofOffered)
}

// verdict returns the state that a verdict leads to, and the one that it asks for,
// where only one will do; empty for a verdict we do not know.
func verdict(v wire.FileVerdict) (to, from TransferState) {
	switch v {
	case wire.FileAccepted:
		return TransferAccepted, TransferOffered
	case wire.FileDeclined:
		return TransferDeclined, TransferOffered
	case wire.FileCancelled:
		return TransferCancelled, ""
	case wire.FileDone:
		return TransferDone, ""
	case wire.FileFailed:
		return TransferFailed, ""
	}
	return "", ""
}

func scanTransfer(row scanner) (Transfer, error) {
	var t Transfer
	var id, peer, offer []byte
	var offered, ended int64
	err := row.Scan(&id, &peer, &t.Outgoing, &offer, &t.State, &t.Reason, &t.Path, &t.Moved, &offered, &ended)
	if err == nil {
		t.Offer, err = wire.ParseFileOffer(offer)
	}
	if err != nil {
		return Transfer{}, fmt.Errorf("read transfer: %w", err)
	}
	t.ID, t.Peer = wire.MessageID(id), wire.Key(peer)
	t.OfferedAt, t.EndedAt = fromNanos(offered), fromNanos(ended)
	return t, nil
}

// A FilePolicy says what happens to a peer's offers.
type FilePolicy string

const (
	FileAsk   FilePolicy = "ask"   // the user decides about each
	FileAuto  FilePolicy = "auto"  // accepted
	FileNever FilePolicy = "never" // declined
)

// FilePolicy returns what happens to the offers of the peer with this key.
func (s *Store) FilePolicy(ctx context.Context, peer wire.Key) (FilePolicy, error) {
	policy, err := first(ctx, s, func(row scanner) (policy FilePolicy, err error) {
		err = row.Scan(&policy)
		return policy, err
	}, `SELECT policy FROM file_policy WHERE peer = ?`, peer[:])
	if errors.Is(err, ErrNotFound) {
		return FileAsk, nil
	}
	if err != nil {
		return "", fmt.Errorf("look up file policy: %w", err)
	}
	return policy, nil
}

// SetFilePolicy decides what happens to the offers of the peer with this key from
// now on.
func (s *Store) SetFilePolicy(ctx context.Context, peer wire.Key, policy FilePolicy) error {
	return apply(ctx, s, "set file policy", func(tx *transaction) error {
		if policy == FileAsk {
			return tx.exec(`DELETE FROM file_policy WHERE peer = ?`, peer[:])
		}
		return tx.exec(`INSERT INTO file_policy (peer, policy) VALUES (?, ?)
			ON CONFLICT (peer) DO UPDATE SET policy = excluded.policy`, peer[:], policy)
	})
}

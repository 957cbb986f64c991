package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"peerd/wire"
)

// classicLabel begins what stands for the key of a classic user. It has sixteen
// octets: to get such a key, somebody would have to draw 2^128 of them.
const classicLabel = "peerd classic v1"

// notClassic is the condition of messages to and from peers.
var notClassic = fmt.Sprintf("substr(peer, 1, %d) <> x'%s'", len(classicLabel), hex.EncodeToString([]byte(classicLabel)))

// ClassicKey returns what stands in this store for the key of a classic user, who
// has none, by the fold of its name. It is nobody's key, whoever tries to get it.
func ClassicKey(fold string) wire.Key {
	hash := sha256.Sum256([]byte(classicLabel + fold))
	return wire.Key(append([]byte(classicLabel), hash[:len(wire.Key{})-len(classicLabel)]...))
}

// IsClassic reports whether a key is one of ClassicKey.
func IsClassic(key wire.Key) bool { return string(key[:len(classicLabel)]) == classicLabel }

// A ClassicUser is a user of the classic protocol as the other side of a
// conversation. Nothing proves that messages under its name come from one person.
type ClassicUser struct {
	Key  wire.Key // ClassicKey
	Name string   // as last seen
}

// A Talk is a message of the classic protocol, which has neither sequences nor
// receipts: here it gets the next sequence of its conversation.
type Talk struct {
	ID   wire.MessageID // drawn here
	Body string
	At   time.Time // when it was received, or is sent
	Path string
}

// ReceiveTalk stores a message from a classic user, in state Unread.
func (s *Store) ReceiveTalk(ctx context.Context, from ClassicUser, talk Talk) (Message, error) {
	return write(ctx, s, "receive talk", func(tx *transaction) (Message, error) {
		if err := tx.nameClassicUser(from); err != nil {
			return Message{}, err
		}
		var seq int64
		err := tx.row(`INSERT INTO conversation (peer, received_seq) VALUES (?, 1)
			ON CONFLICT (peer) DO UPDATE SET received_seq = received_seq + 1 RETURNING received_seq`, []any{from.Key[:]}, &seq)
		if err != nil {
			return Message{}, fmt.Errorf("take sequence: %w", err)
		}
		in := Incoming{ID: talk.ID, Seq: uint64(seq), SentAt: talk.At, Kind: wire.KindText, Body: talk.Body}
		m, _, err := storeIncoming(tx, from.Key, in, talk.At, talk.Path)
		return m, err
	})
}

// AcceptTalk stores a message to a classic user, in state Sent, which is the last
// one: the caller sends it next, once, and it may get lost. An id that was
// accepted before returns the message stored then, with fresh = false.
func (s *Store) AcceptTalk(ctx context.Context, to ClassicUser, talk Talk) (m Message, fresh bool, err error) {
	type outcome struct {
		message Message
		fresh   bool
	}
	result, err := write(ctx, s, "accept talk", func(tx *transaction) (outcome, error) {
		m, err := storeDraft(tx, Draft{To: to.Key, ID: talk.ID, Kind: wire.KindText, Body: talk.Body}, talk.At)
		if err != nil || m.State != Queued {
			return outcome{m, false}, err
		}
		if err := tx.nameClassicUser(to); err != nil {
			return outcome{}, err
		}
		m, err = tx.message(`UPDATE message SET state = 'sent', path = ? WHERE row_id = ? RETURNING `+messageColumns, talk.Path, m.Row)
		return outcome{m, true}, err
	})
	return result.message, result.fresh, err
}

// NameClassicUsers notes what classic users are called.
func (s *Store) NameClassicUsers(ctx context.Context, users ...ClassicUser) error {
	return apply(ctx, s, "name classic users", func(tx *transaction) error {
		for _, user := range users {
			if err := tx.nameClassicUser(user); err != nil {
				return err
			}
		}
		return nil
	})
}

func (tx *transaction) nameClassicUser(user ClassicUser) error {
	return tx.exec(`INSERT INTO classic_user (key, name) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET name = excluded.name WHERE name <> excluded.name`, user.Key[:], user.Name)
}

// ClassicUsers returns the classic users that there are messages with.
func (s *Store) ClassicUsers(ctx context.Context) ([]ClassicUser, error) {
	users, err := list(ctx, s, func(row scanner) (ClassicUser, error) {
		var raw []byte
		var user ClassicUser
		err := row.Scan(&raw, &user.Name)
		if err == nil {
			user.Key = wire.Key(raw)
		}
		return user, err
	}, `SELECT key, name FROM classic_user`)
	if err != nil {
		return nil, fmt.Errorf("list classic users: %w", err)
	}
	return users, nil
}

// UnreadTalks returns how many messages of classic users are unread.
func (s *Store) UnreadTalks(ctx context.Context) (int, error) {
	n, err := first(ctx, s, func(row scanner) (n int, err error) {
		err = row.Scan(&n)
		return n, err
	}, `SELECT count(*) FROM message WHERE state = 'unread' AND NOT (`+notClassic+`)`)
	if err != nil {
		return 0, fmt.Errorf("count unread talks: %w", err)
	}
	return n, nil
}

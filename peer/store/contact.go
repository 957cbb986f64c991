package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"peerd/wire"
)

// A Contact is a peer whose key the user's side has pinned to its name.
type Contact struct {
	Key      wire.Key
	Name     string            // as it was at the first contact
	Petname  string            // what the user calls the peer instead; empty = Name
	PinnedAt time.Time         // of the first contact, or of the user's decision to trust a new key
	ChosenAt time.Time         // when the user chose to have to do with the peer; zero = it has only come to us
	Prekey   wire.SignedPrekey // the newest known; ID 0 = none. Verified by whoever pinned it
	LastSeen time.Time         // zero = never online

	VerifiedAt time.Time // when the user found that the key is its owner's; zero = not yet
	BlockedAt  time.Time // zero = not blocked
	Receipts   Receipts  // whether the contact is told what has been read
}

// Receipts says whether a contact is told what the user has read. The zero value
// is what holds for everybody.
type Receipts string

const (
	ReceiptsDefault Receipts = ""
	ReceiptsOn      Receipts = "on"
	ReceiptsOff     Receipts = "off"
)

// A KeyChangedError says that a name which is pinned to one key was offered
// with another. Only the user can decide that this is in order (see Repin).
type KeyChangedError struct {
	Name            string
	Pinned, Offered wire.Key
}

func (e *KeyChangedError) Error() string {
	return fmt.Sprintf("the key of %q has changed: pinned %s, offered %s", e.Name, e.Pinned, e.Offered)
}

const contactColumns = `key, name, petname, pinned_at, prekey_id, prekey_public, prekey_signature, last_seen,
	verified_at, blocked_at, receipts, chosen_at`

// A PendingError says that messages to a peer, not known to be delivered, stand
// in the way of forgetting it.
type PendingError struct{ Count int }

func (e *PendingError) Error() string { return fmt.Sprintf("%d messages are not delivered", e.Count) }

// Contacts returns all contacts, by name.
func (s *Store) Contacts(ctx context.Context) ([]Contact, error) {
	contacts, err := list(ctx, s, scanContact, `SELECT `+contactColumns+` FROM contact ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list contacts: %w", err)
	}
	return contacts, nil
}

// Contact returns the contact with this key, or ErrNotFound.
func (s *Store) Contact(ctx context.Context, key wire.Key) (Contact, error) {
	contact, err := first(ctx, s, scanContact, `SELECT `+contactColumns+` FROM contact WHERE key = ?`, key[:])
	if err != nil {
		return Contact{}, fmt.Errorf("look up contact %s: %w", key, err)
	}
	return contact, nil
}

// ContactByName returns the contact with exactly this name, or ErrNotFound.
func (s *Store) ContactByName(ctx context.Context, name string) (Contact, error) {
	contact, err := first(ctx, s, scanContact, `SELECT `+contactColumns+` FROM contact WHERE name = ?`, name)
	if err != nil {
		return Contact{}, fmt.Errorf("look up contact %q: %w", name, err)
	}
	return contact, nil
}

// Pin binds c.Name to c.Key at the first contact, and afterwards renews the
// prekey and LastSeen of the contact, where c has them. PinnedAt and the names
// stay those of the first contact: were a new name taken over, whoever hands
// out names could move one from key to key in two steps. The error is a
// *KeyChangedError when the name is pinned to another key; nothing is changed
// then.
func (s *Store) Pin(ctx context.Context, c Contact) error {
	return apply(ctx, s, fmt.Sprintf("pin contact %q", c.Name), func(tx *transaction) error {
		var raw []byte
		err := tx.row(`SELECT key FROM contact WHERE name = ?`, []any{c.Name}, &raw)
		switch {
		case err == nil && wire.Key(raw) != c.Key:
			return refusal{&KeyChangedError{Name: c.Name, Pinned: wire.Key(raw), Offered: c.Key}}
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		}
		return tx.upsertContact(c)
	})
}

// Repin is the user's decision to trust c.Key under c.Name from now on. The key
// that was pinned to the name, and the name that the key was pinned to, are
// forgotten; messages stay.
func (s *Store) Repin(ctx context.Context, c Contact) error {
	return apply(ctx, s, fmt.Sprintf("repin contact %q", c.Name), func(tx *transaction) error {
		if err := tx.exec(`DELETE FROM contact WHERE name = ? OR key = ?`, c.Name, c.Key[:]); err != nil {
			return err
		}
		return tx.upsertContact(c)
	})
}

// SetPetname makes petname what the user calls the contact; empty takes the name
// it has been given back. No two contacts may have the same petname. The error
// is ErrNotFound when the key is no contact's.
func (s *Store) SetPetname(ctx context.Context, key wire.Key, petname string) error {
	return s.changeContact(ctx, key, "rename", `UPDATE contact SET petname = ? WHERE key = ?`, petname, key[:])
}

// SetVerified notes when the user found the key to be its owner's; zero takes
// that back. The error is ErrNotFound when the key is no contact's.
func (s *Store) SetVerified(ctx context.Context, key wire.Key, at time.Time) error {
	return s.changeContact(ctx, key, "verify", `UPDATE contact SET verified_at = ? WHERE key = ?`, toNanos(at), key[:])
}

// SetChosen notes when the user chose to have to do with the contact. The error is
// ErrNotFound when the key is no contact's.
func (s *Store) SetChosen(ctx context.Context, key wire.Key, at time.Time) error {
	return s.changeContact(ctx, key, "choose", `UPDATE contact SET chosen_at = ? WHERE key = ?`, toNanos(at), key[:])
}

// SetBlocked notes since when the contact is blocked; zero unblocks it. The error
// is ErrNotFound when the key is no contact's.
func (s *Store) SetBlocked(ctx context.Context, key wire.Key, at time.Time) error {
	return s.changeContact(ctx, key, "block", `UPDATE contact SET blocked_at = ? WHERE key = ?`, toNanos(at), key[:])
}

// SetReceipts says whether the contact is told what the user has read. The error
// is ErrNotFound when the key is no contact's.
func (s *Store) SetReceipts(ctx context.Context, key wire.Key, receipts Receipts) error {
	return s.changeContact(ctx, key, "set receipts of", `UPDATE contact SET receipts = ? WHERE key = ?`, string(receipts), key[:])
}

func (s *Store) changeContact(ctx context.Context, key wire.Key, attempt, statement string, args ...any) error {
	return apply(ctx, s, fmt.Sprintf("%s contact %s", attempt, key), func(tx *transaction) error {
		changed, err := tx.changes(statement, args...)
		if err == nil && changed == 0 {
			return refusal{ErrNotFound}
		}
		return err
	})
}

// Saw notes when contacts were online; it passes over keys of no contact, and
// over what is older than what is known.
func (s *Store) Saw(ctx context.Context, seen map[wire.Key]time.Time) error {
	return apply(ctx, s, "note who was online", func(tx *transaction) error {
		for key, at := range seen {
			if err := tx.exec(`UPDATE contact SET last_seen = max(last_seen, ?) WHERE key = ?`, toNanos(at), key[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Forget removes the pin of a key, and that its files are taken without asking;
// delivered and received messages stay. With
// discard it deletes the messages to the key that are not known to be delivered,
// and returns their ids; without, the error is a *PendingError when there are
// any. It is ErrNotFound when there was nothing to forget. An error has changed
// nothing.
func (s *Store) Forget(ctx context.Context, key wire.Key, discard bool) ([]wire.MessageID, error) {
	return write(ctx, s, fmt.Sprintf("forget contact %s", key), func(tx *transaction) ([]wire.MessageID, error) {
		var pending int
		err := tx.row(`SELECT count(*) FROM message WHERE peer = ? AND state IN ('queued', 'sent')`, []any{key[:]}, &pending)
		if err != nil {
			return nil, err
		}
		if pending > 0 && !discard {
			return nil, refusal{&PendingError{pending}}
		}
		removed, err := tx.changes(`DELETE FROM contact WHERE key = ?`, key[:])
		if err != nil {
			return nil, err
		}
		if removed == 0 && pending == 0 {
			return nil, refusal{ErrNotFound}
		}
		// What it was allowed goes with it; what it was forbidden stays.
		if err := tx.exec(`DELETE FROM file_policy WHERE peer = ? AND policy = ?`, key[:], FileAuto); err != nil {
			return nil, err
		}
		return tx.discardPending(key)
	})
}

// discardPending deletes the messages that Pending returns.
func (tx *transaction) discardPending(peer wire.Key) ([]wire.MessageID, error) {
	discarded, err := tx.messages(`DELETE FROM message WHERE peer = ? AND state IN ('queued', 'sent')
		RETURNING `+messageColumns, peer[:])
	if err != nil {
		return nil, err
	}
	var ids []wire.MessageID
	for _, m := range discarded {
		ids = append(ids, m.ID)
		if err := tx.afterDiscarding(m); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// afterDiscarding sees to it that nothing here counts on a message that will never
// be delivered.
func (tx *transaction) afterDiscarding(m Message) error {
	switch {
	case m.Kind == wire.KindFileOffer: // nobody will answer it
		return tx.exec(`UPDATE transfer SET state = ?, ended_at = ? WHERE id = ? AND outgoing = 1 AND state IN ('offered', 'accepted')`,
			TransferCancelled, toNanos(time.Now()), m.ID[:])
	case m.Kind == wire.KindGroup: // the peer has to be told anew, or hides what is said in the group
		return tx.exec(`DELETE FROM group_told WHERE peer = ?`, m.Peer[:])
	case !m.Hidden && !m.Group.IsZero(): // it stays in the history, as another member's copy
		return tx.exec(`UPDATE message SET hidden = 0
			WHERE row_id = (SELECT min(row_id) FROM message WHERE id = ? AND outgoing = 1)`, m.ID[:])
	}
	return nil
}

func (tx *transaction) upsertContact(c Contact) error {
	return tx.exec(`INSERT INTO contact (`+contactColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET
			last_seen        = max(last_seen, excluded.last_seen),
			prekey_id        = iif(excluded.prekey_id = 0, prekey_id, excluded.prekey_id),
			prekey_public    = iif(excluded.prekey_id = 0, prekey_public, excluded.prekey_public),
			prekey_signature = iif(excluded.prekey_id = 0, prekey_signature, excluded.prekey_signature)`,
		c.Key[:], c.Name, c.Petname, toNanos(c.PinnedAt),
		int64(c.Prekey.ID), c.Prekey.Public[:], c.Prekey.Signature[:], toNanos(c.LastSeen),
		toNanos(c.VerifiedAt), toNanos(c.BlockedAt), string(c.Receipts), toNanos(c.ChosenAt))
}

func scanContact(row scanner) (Contact, error) {
	var c Contact
	var key, public, signature []byte
	var pinned, prekeyID, seen, verified, blocked, chosen int64
	err := row.Scan(&key, &c.Name, &c.Petname, &pinned, &prekeyID, &public, &signature, &seen,
		&verified, &blocked, &c.Receipts, &chosen)
	if err != nil {
		return Contact{}, fmt.Errorf("read contact: %w", err)
	}
	c.Key = wire.Key(key)
	c.Prekey = wire.SignedPrekey{ID: uint64(prekeyID), Public: [32]byte(public), Signature: [64]byte(signature)}
	c.PinnedAt, c.LastSeen = fromNanos(pinned), fromNanos(seen)
	c.VerifiedAt, c.BlockedAt, c.ChosenAt = fromNanos(verified), fromNanos(blocked), fromNanos(chosen)
	return c, nil
}

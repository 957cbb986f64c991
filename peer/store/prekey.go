package store

import (
	"context"
	"fmt"
	"time"

	"peerd/internal/secret"
)

// A Prekey is the private half of a prekey that this peer has published.
type Prekey struct {
	ID      uint64
	Private secret.Bytes
	Created time.Time
}

// SavePrekey keeps the private half of a prekey. Save it before the public half
// is published: what is sealed to it cannot be opened without. An id that is
// taken is an error.
func (s *Store) SavePrekey(ctx context.Context, id uint64, private []byte, created time.Time) error {
	return apply(ctx, s, "save prekey", func(tx *transaction) error {
		return tx.exec(`INSERT INTO prekey (id, private, created_at) VALUES (?, ?, ?)`, int64(id), private, toNanos(created))
	})
}

// Prekey returns the private half with this id, or ErrNotFound: it was deleted,
// or the id was never ours.
func (s *Store) Prekey(ctx context.Context, id uint64) (private []byte, err error) {
	prekey, err := first(ctx, s, scanPrekey, `SELECT id, private, created_at FROM prekey WHERE id = ?`, int64(id))
	if err != nil {
		return nil, fmt.Errorf("look up prekey %x: %w", id, err)
	}
	return prekey.Private.Reveal(), nil
}

// NewestPrekey returns the prekey created last, or ErrNotFound.
func (s *Store) NewestPrekey(ctx context.Context) (Prekey, error) {
	prekey, err := first(ctx, s, scanPrekey, `SELECT id, private, created_at FROM prekey ORDER BY created_at DESC, rowid DESC LIMIT 1`)
	if err != nil {
		return Prekey{}, fmt.Errorf("look up newest prekey: %w", err)
	}
	return prekey, nil
}

// DeletePrekeysOutside deletes the private halves created before from, or after
// to. Envelopes sealed to them can be opened by nobody from then on, whatever is
// stolen later; they are overwritten in the file, and the last traces in the
// write-ahead log go with EmptyLog, at Close at the latest.
func (s *Store) DeletePrekeysOutside(ctx context.Context, from, to time.Time) error {
	return apply(ctx, s, "delete old prekeys", func(tx *transaction) error {
		return tx.exec(`DELETE FROM prekey WHERE created_at NOT BETWEEN ? AND ?`, toNanos(from), toNanos(to))
	})
}

func scanPrekey(row scanner) (Prekey, error) {
	var id, created int64
	var private []byte
	if err := row.Scan(&id, &private, &created); err != nil {
		return Prekey{}, fmt.Errorf("read prekey: %w", err)
	}
	return Prekey{ID: uint64(id), Private: secret.New(private), Created: fromNanos(created)}, nil
}

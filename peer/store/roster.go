package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"peerd/wire"
)

// SaveRoster keeps the roster as of epoch and version, so that a daemon that
// starts offline knows its circle, and one that starts online asks only for
// what has changed since. Rows in changed are inserted or replaced whole, those
// in removed are forgotten; with replaceAll, changed is the whole roster.
func (s *Store) SaveRoster(ctx context.Context, epoch, version uint64, changed []wire.Row, removed []wire.Key, replaceAll bool) error {
	return apply(ctx, s, "save roster", func(tx *transaction) error {
		if replaceAll {
			if err := tx.exec(`DELETE FROM roster`); err != nil {
				return err
			}
		}
		for _, key := range removed {
			if err := tx.exec(`DELETE FROM roster WHERE key = ?`, key[:]); err != nil {
				return err
			}
		}
		for _, row := range changed {
			if err := tx.replaceRosterRow(row); err != nil {
				return err
			}
		}
		return tx.exec(`INSERT OR REPLACE INTO roster_version (only, epoch, version) VALUES (1, ?, ?)`, int64(epoch), int64(version))
	})
}

const rosterColumns = `key, name, prekey_id, prekey_public, prekey_signature, online, since`

func (tx *transaction) replaceRosterRow(row wire.Row) error {
	return tx.exec(`INSERT OR REPLACE INTO roster (`+rosterColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		row.Key[:], row.Name, int64(row.Prekey.ID), row.Prekey.Public[:], row.Prekey.Signature[:], row.Online, toNanos(row.Since))
}

// LoadRoster returns what was saved last; epoch and version are 0 and there are
// no rows when nothing was. Who was online then need not be now.
func (s *Store) LoadRoster(ctx context.Context) (epoch, version uint64, rows []wire.Row, err error) {
	if epoch, version, rows, err = s.loadRoster(ctx); err != nil {
		return 0, 0, nil, fmt.Errorf("load roster: %w", err)
	}
	return epoch, version, rows, nil
}

func (s *Store) loadRoster(ctx context.Context) (epoch, version uint64, rows []wire.Row, err error) {
	if s.writer.stopped() {
		return 0, 0, nil, ErrClosed
	}
	// Both reads see the same roster, also while another one is being saved.
	err = s.readers.view(ctx, func(tx *sql.Tx) error {
		var signedEpoch, signedVersion int64
		err := tx.QueryRowContext(ctx, `SELECT epoch, version FROM roster_version`).Scan(&signedEpoch, &signedVersion)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found, err := tx.QueryContext(ctx, `SELECT `+rosterColumns+` FROM roster ORDER BY key`)
		if err != nil {
			return err
		}
		epoch, version = uint64(signedEpoch), uint64(signedVersion)
		rows, err = collect(found, scanRosterRow)
		return err
	})
	return epoch, version, rows, err
}

func scanRosterRow(row scanner) (wire.Row, error) {
	var r wire.Row
	var key, public, signature []byte
	var prekeyID, since int64
	if err := row.Scan(&key, &r.Name, &prekeyID, &public, &signature, &r.Online, &since); err != nil {
		return wire.Row{}, fmt.Errorf("read roster row: %w", err)
	}
	r.Key, r.Since = wire.Key(key), fromNanos(since)
	r.Prekey = wire.SignedPrekey{ID: uint64(prekeyID), Public: [32]byte(public), Signature: [64]byte(signature)}
	return r, nil
}

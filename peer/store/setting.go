package store

import (
	"context"
	"errors"
	"fmt"
)

// Setting returns the value kept under name, and whether there is one.
func (s *Store) Setting(ctx context.Context, name string) (value string, ok bool, err error) {
	value, err = first(ctx, s, func(row scanner) (value string, err error) {
		err = row.Scan(&value)
		return value, err
	}, `SELECT value FROM setting WHERE name = ?`, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("look up setting %q: %w", name, err)
	}
	return value, true, nil
}

// SetSetting keeps value under name, in place of an earlier one.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	return apply(ctx, s, fmt.Sprintf("save setting %q", name), func(tx *transaction) error {
		return tx.exec(`INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)`, name, value)
	})
}

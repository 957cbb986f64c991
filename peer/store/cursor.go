package store

import (
	"cmp"
	"context"
	"fmt"

	"peerd/wire"
)

// cursorSetting is the setting that keeps a cursor: the Row of the last message
// that its owner is done with, in decimal.
const cursorSetting = "cursor "

// AfterCursor returns up to limit of the peers' messages in the history that
// arrived after the named cursor, in the order in which they arrived. A cursor used for the first
// time begins at the newest message: it returns nothing then, and from the next
// call on whatever has come since.
func (s *Store) AfterCursor(ctx context.Context, name string, limit int) ([]Message, error) {
	if _, begun, err := s.Setting(ctx, cursorSetting+name); err != nil {
		return nil, err
	} else if !begun {
		return nil, s.beginCursor(ctx, name)
	}
	messages, err := list(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE row_id > (SELECT CAST(value AS INTEGER) FROM setting WHERE name = ?) AND outgoing = 0 AND hidden = 0
		ORDER BY row_id LIMIT ?`, cursorSetting+name, limit)
	if err != nil {
		return nil, fmt.Errorf("list messages after a cursor: %w", err)
	}
	return messages, nil
}

// beginCursor sets a new cursor to the newest message.
func (s *Store) beginCursor(ctx context.Context, name string) error {
	return apply(ctx, s, "begin a cursor", func(tx *transaction) error {
		return tx.exec(`INSERT INTO setting (name, value)
			SELECT ?, coalesce(max(row_id), 0) FROM message WHERE true ON CONFLICT DO NOTHING`, cursorSetting+name)
	})
}

// AdvanceCursor moves the named cursor to the first of the peers' messages after
// it that has this id. It never moves back: when there is none, because the
// cursor has passed it, nothing changes. ErrNotFound says that the cursor has
// not begun.
func (s *Store) AdvanceCursor(ctx context.Context, name string, id wire.MessageID) error {
	if _, begun, err := s.Setting(ctx, cursorSetting+name); err != nil || !begun {
		return cmp.Or(err, ErrNotFound)
	}
	return apply(ctx, s, "advance a cursor", func(tx *transaction) error {
		return tx.exec(`UPDATE setting SET value = coalesce((
				SELECT min(row_id) FROM message WHERE id = ? AND outgoing = 0 AND row_id > CAST(value AS INTEGER)
			), value) WHERE name = ?`, id[:], cursorSetting+name)
	})
}

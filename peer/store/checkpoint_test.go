package store

import (
	"database/sql"
	"errors"
	"testing"
)

func TestLogIsEmptiedOnceNobodyReadsIt(t *testing.T) {
	s := openTest(t)
	stopIndexing(s)
	err := s.readers.view(t.Context(), func(tx *sql.Tx) error {
		var conversations int
		check(t, tx.QueryRowContext(t.Context(), `SELECT count(*) FROM conversation`).Scan(&conversations))
		accept(t, s, alice, "written while somebody reads")
		return s.EmptyLog(t.Context())
	})
	if !errors.Is(err, ErrLogInUse) {
		t.Errorf("emptied a log that is being read: %v", err)
	}
	check(t, s.EmptyLog(t.Context()))
	accept(t, s, alice, "life goes on")
	check(t, s.Close())
	if err := s.EmptyLog(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// emptyLogPatienceMillis is how long EmptyLog waits for readers. Writers wait as
// long, so a longer one would be felt by those who send.
const emptyLogPatienceMillis = 250

// ErrLogInUse means that somebody read for as long as EmptyLog waited.
var ErrLogInUse = errors.New("the write-ahead log is being read")

// EmptyLog moves all of the write-ahead log into the file and cuts the log to
// nothing. Until then the log has pages as they were before something was deleted
// from them. The error is ErrLogInUse when that has to be tried again later.
func (s *Store) EmptyLog(ctx context.Context) error {
	if s.writer.stopped() {
		return ErrClosed
	}
	if err := s.readers.emptyLog(ctx, Path(filepath.Dir(s.lock.file.Name()))); err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	return nil
}

// emptyLog empties the log of the file at path, which is not exchanged meanwhile.
func (r *readers) emptyLog(ctx context.Context, path string) (err error) {
	r.reading.RLock()
	defer r.reading.RUnlock()
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() == 0 {
		return nil
	}
	// A connection of its own: while it waits, the writer's can be used up to the
	// moment of commit, and its patience is another one.
	db, err := connect(path, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, emptyLogPatienceMillis)); err != nil {
		return err
	}
	var busy, pages, moved int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return ErrLogInUse
	}
	return nil
}

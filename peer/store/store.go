// Package store keeps what a peer must not forget, in one SQLite file of its
// state directory: outbox, inbox and history, contacts, the last roster, the
// private halves of prekeys, and a few settings. The daemon (peer) is its only
// user.
//
// Its promise: when a method that changes something returns nil, the change is
// on the disk and survives a kill -9 and a power cut. When it returns an
// error, nothing of the change is there, and the store goes on: after a full
// disk it works again as soon as there is space. The one exception is the
// error of a cancelled context, which says that the caller stopped waiting,
// not whether the change was made; every method may simply be called again.
//
//	queued ──► sent ──► delivered ──► read       a message of ours
//	   └─────────────────────┘
//	                    unread ──► read          a message of the peer's
//
// States only move forward. "delivered" means on the recipient's disk, so a
// message leaves the outbox (Pending) then and not before.
//
// Callers that change something at the same time share one transaction and one
// fsync (see writer.go), so a busy daemon is not limited by the disk's fsyncs
// per second. Reads run beside the writer on connections of their own. All
// methods are safe for concurrent use.
//
// What this package is NOT: it does not decide when a message is sent or whom
// to trust, and it does not verify signatures; callers do that before.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"peerd/internal/failpoint"
)

var (
	// ErrNotFound means that what was asked for is not in the store.
	ErrNotFound = errors.New("not in the store")
	// ErrClosed is returned by every method after Close.
	ErrClosed = errors.New("store is closed")
	// ErrNewerSchema means that a newer program wrote the file.
	ErrNewerSchema = errors.New("written by a newer version of peerd")
	// ErrDamaged means that the file is not, or no longer, a sound database.
	ErrDamaged = errors.New("file is damaged")
)

// A Store is an open state directory. Make one with Open.
type Store struct {
	lock    *directoryLock
	writer  *writer
	readers *sql.DB

	closeOnce  sync.Once
	closeError error
}

// Open opens the store in the state directory dir, making both if they do not
// exist, and holds the directory until Close. The error is an *InUseError when
// another process has it; ErrNewerSchema and ErrDamaged need the user.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db, err := openDatabase(dir)
	if err != nil {
		lock.release()
		return nil, fmt.Errorf("open store %s: %w", Path(dir), err)
	}
	return &Store{lock: lock, writer: db.writer, readers: db.readers}, nil
}

// Close waits for the changes under way and gives up the directory. Callers
// that come later get ErrClosed. Calling it again is harmless.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.writer.stop()
		failpoint.Hit(failpoint.StoreCloseBefore)
		// The writer's connection is closed last: SQLite then moves the
		// write-ahead log into the file and removes it, which is how the next
		// Open knows that all is well.
		err := errors.Join(s.readers.Close(), s.writer.close(), s.lock.release())
		if err != nil {
			s.closeError = fmt.Errorf("close store: %w", err)
		}
		failpoint.Hit(failpoint.StoreCloseAfter)
	})
	return s.closeError
}

// query runs a read-only statement on one of the readers' connections.
func (s *Store) query(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	if s.writer.stopped() {
		return nil, ErrClosed
	}
	return s.readers.QueryContext(ctx, statement, args...)
}

// A scanner is the current row of a query.
type scanner interface{ Scan(columns ...any) error }

// collect reads all rows of a query and closes it.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// list reads all rows of a query on a reader's connection.
func list[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), statement string, args ...any) ([]T, error) {
	rows, err := s.query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

// first reads the first row of a query on a reader's connection, or returns
// ErrNotFound.
func first[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), statement string, args ...any) (T, error) {
	var none T
	all, err := list(ctx, s, scan, statement, args...)
	switch {
	case err != nil:
		return none, err
	case len(all) == 0:
		return none, ErrNotFound
	}
	return all[0], nil
}

// Package store keeps what a peer must not forget, in one SQLite file of its
// state directory: outbox, inbox and history, contacts, groups, files that move,
// the last roster, the private halves of prekeys, and a few settings. The daemon
// (peer) is its only user.
//
// Its promise: when a method that changes something returns nil, the change is
// on the disk and survives a kill -9 and a power cut. Two changes survive the
// kill only, since a power cut only makes them be learned again: that a message
// was sent (MarkSent) and that it was delivered (MarkDelivered). When it returns an
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
// A damaged file costs what is on the damaged pages, and the store goes on with the
// rest (damage.go). Texts are found by an index beside the messages (index.go).
//
// What this package is NOT: it does not decide when a message is sent or whom
// to trust, and it does not verify signatures; callers do that before.
package store

import (
	"errors"
	"fmt"
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
	lock     *directoryLock
	database *database
	writer   *writer  // the database's
	readers  *readers // likewise
	index    *index

	closeOnce  sync.Once
	closeError error
}

// Open opens the store in the state directory dir, making both if they do not
// exist, and holds the directory until Close; for the errors of that see Hold.
// ErrNewerSchema needs the user. A file that is damaged is mended (see Mended); the
// error is ErrDamaged when that fails.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
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
	index, err := openIndex(dir, db.readers)
	if err != nil {
		db.stopWatching()
		db.writer.stop()
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), db.close(), lock.release())
	}
	return &Store{lock: lock, database: db, writer: db.writer, readers: db.readers, index: index}, nil
}

// Close waits for the changes under way and gives up the directory. Callers
// that come later get ErrClosed. Calling it again is harmless.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.database.stopWatching()
		s.writer.stop()
		failpoint.Hit(failpoint.StoreCloseBefore)
		err := errors.Join(s.index.close(), s.database.close(), s.lock.release())
		if err != nil {
			s.closeError = fmt.Errorf("close store: %w", err)
		}
		failpoint.Hit(failpoint.StoreCloseAfter)
	})
	return s.closeError
}

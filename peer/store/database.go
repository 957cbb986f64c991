package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

const (
	fileName = "messages.db"
	// readerConnections bounds the reads that run at the same time. Each
	// holds a page cache of up to 2 MiB.
	readerConnections = 4
	// busyTimeoutMillis is how long a connection waits for a lock of another.
	// Only a program outside, such as the sqlite3 shell, makes it wait.
	busyTimeoutMillis = 5000
)

// Path returns the path of the store's file in state directory dir.
func Path(dir string) string { return filepath.Join(dir, fileName) }

// SQLite's primary result codes for a file that is no sound database.
const (
	sqliteCorrupt     = 11
	sqliteNotDatabase = 26
)

// A database is the file, opened once for writing and a few times for reading.
// When it is found to be damaged, another file takes its place (damage.go).
type database struct {
	dir     string
	writer  *writer
	readers *readers
	mended  chan Damage // holds the last one
	// unplaced is the damage whose complete copy could not be brought into its place; the
	// zero Damage when there is none. It belongs to the writer's goroutine.
	unplaced Damage

	// cancel ends the watching over the file.
	cancel  context.CancelFunc
	watched chan struct{}
}

// openDatabase opens and migrates the file in dir, and mends it if need be.
func openDatabase(dir string) (*database, error) {
	mended := make(chan Damage, 1)
	if err := finishRescue(dir); err != nil {
		return nil, err
	}
	if err := removeDatabase(Path(dir) + rescueSuffix); err != nil { // a copy that was not completed
		return nil, err
	}
	unclean := closedUncleanly(Path(dir))
	write, read, err := openFile(dir)
	if isDamage(err) {
		damage, failed := rescueFile(context.Background(), dir, err)
		if failed != nil {
			return nil, errors.Join(describeDamage(err), failed)
		}
		mended <- damage
		write, read, err = openFile(dir)
	}
	if err != nil {
		return nil, err
	}
	d := &database{dir: dir, mended: mended, watched: make(chan struct{})}
	d.readers = newReaders(read, d.repair)
	if d.writer, err = startWriter(write, d.exchange); err != nil {
		return nil, errors.Join(err, read.Close(), write.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	go d.watch(ctx, unclean)
	return d, nil
}

// openFile opens and migrates the file in dir, for the writer and for readers.
func openFile(dir string) (write, read *sql.DB, err error) {
	if err := makePrivateFile(dir, fileName); err != nil {
		return nil, nil, err
	}
	write, err = connect(Path(dir), 1,
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		// Deleted private prekeys must not stay readable in free pages.
		"secure_delete(1)")
	if err != nil {
		return nil, nil, err
	}
	if err := migrate(context.Background(), write); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read, err = connect(Path(dir), readerConnections, "query_only(1)")
	if err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, read, nil
}

// stopWatching ends the watching over the file.
func (d *database) stopWatching() {
	d.cancel()
	<-d.watched
}

// close gives up the connections of a stopped writer and the readers'. The
// writer's is closed last: SQLite then moves the write-ahead log into the file and
// removes it, which is how the next Open knows that all is well.
func (d *database) close() error { return errors.Join(d.readers.close(), d.writer.close()) }

// watch has all pages looked at from time to time: soon if the last process did not
// end well.
func (d *database) watch(ctx context.Context, soon bool) {
	defer close(d.watched)
	wait := checkAfter
	if soon {
		wait = 0
	}
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		_ = d.check(ctx) // what cannot be mended, for want of space say, is tried again
		wait = checkEvery
	}
}

// check looks at all pages, and has the file mended when one is damaged.
func (d *database) check(ctx context.Context) error {
	seen := d.readers.exchanged()
	finding, err := queryFirst(ctx, d.readers, func(row scanner) (finding string, err error) {
		err = row.Scan(&finding)
		return finding, err
	}, `PRAGMA integrity_check(1)`)
	if err != nil || finding == "ok" {
		return err
	}
	return d.repair(ctx, seen, fmt.Errorf("%w: %s", ErrDamaged, finding))
}

// repair has the writer mend the file because of cause, unless that has happened
// since there were seen exchanges.
func (d *database) repair(ctx context.Context, seen uint64, cause error) error {
	op := &operation{ctx: ctx, done: make(chan error, 1), cause: cause, seen: seen}
	return d.writer.submit(op)
}

// exchange puts a sound file in the place of the damaged one, and returns the
// writer's connection to it. It belongs to the writer's goroutine.
func (d *database) exchange(write *sql.DB, cause error) (*sql.DB, error) {
	return d.readers.exchange(func(read *sql.DB) (*sql.DB, *sql.DB, error) {
		// What the connections say does not matter any more.
		_, _ = read.Close(), write.Close()
		failed := d.rescue(cause)
		if d.unplaced != (Damage{}) {
			return nil, nil, failed // an empty file, begun there, would be taken for the damaged one
		}
		write, read, err := openFile(d.dir)
		return write, read, errors.Join(failed, err)
	})
}

// rescue rescues what is in the damaged file, or goes on where that has failed before.
func (d *database) rescue(cause error) (err error) {
	damage := d.unplaced
	if damage == (Damage{}) {
		damage, err = rescueFile(context.Background(), d.dir, cause)
	} else {
		err = finishRescue(d.dir)
	}
	if err != nil {
		d.unplaced = damage
		return err
	}
	d.unplaced = Damage{}
	select {
	case <-d.mended: // nobody has asked
	default:
	}
	d.mended <- damage
	return nil
}

// makePrivateFile creates a file in dir, readable by its owner only. SQLite gives
// its companions (-wal, -shm) the same permissions. This happens before SQLite
// opens the file: closing it later would drop the locks that SQLite holds on it
// for this process (POSIX advisory locking).
func makePrivateFile(dir, name string) error {
	root, err := os.OpenRoot(dir) // does not follow a planted link out of dir
	if err != nil {
		return err
	}
	defer root.Close()
	file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Close())
}

// closedUncleanly reports whether the last process that had the file died:
// SQLite removes the write-ahead log when the last connection is closed.
func closedUncleanly(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// connect opens path with up to limit connections, each with the pragmas.
func connect(path string, limit int, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_pragma": append([]string{fmt.Sprintf("busy_timeout(%d)", busyTimeoutMillis)}, pragmas...)}
	slashed := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		slashed = "/" + slashed // file:///C:/...
	}
	name := url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(limit)
	db.SetMaxIdleConns(limit)
	return db, nil
}

// isDamage reports whether an error says that a file is no sound database.
func isDamage(err error) bool {
	failure, isSQLite := errors.AsType[*sqlite.Error](err)
	return isSQLite && (failure.Code()&0xff == sqliteCorrupt || failure.Code()&0xff == sqliteNotDatabase)
}

// describeDamage adds ErrDamaged and the next step to an error which says that
// the file is no sound database.
func describeDamage(err error) error {
	if isDamage(err) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w; move it away to start with an empty one, or restore a backup", err)
	}
	return err
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

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
type database struct {
	writer  *writer
	readers *readers
}

// close gives up the connections of a stopped writer and the readers'. The
// writer's is closed last: SQLite then moves the write-ahead log into the file and
// removes it, which is how the next Open knows that all is well.
func (d database) close() error { return errors.Join(d.readers.close(), d.writer.close()) }

// openDatabase opens, checks and migrates the file in dir.
func openDatabase(dir string) (database, error) {
	path := Path(dir)
	if err := makePrivateFile(dir, fileName); err != nil {
		return database{}, err
	}
	unclean := closedUncleanly(path)
	write, err := connect(path, 1,
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		// Deleted private prekeys must not stay readable in free pages.
		"secure_delete(1)")
	if err != nil {
		return database{}, err
	}
	if err := prepareDatabase(write, unclean); err != nil {
		return database{}, errors.Join(describeDamage(err), write.Close())
	}
	readers, err := connect(path, readerConnections, "query_only(1)")
	if err != nil {
		return database{}, errors.Join(err, write.Close())
	}
	writer, err := startWriter(write)
	if err != nil {
		return database{}, errors.Join(err, readers.Close(), write.Close())
	}
	return database{writer, newReaders(readers)}, nil
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

func prepareDatabase(db *sql.DB, unclean bool) error {
	ctx := context.Background()
	if unclean {
		if err := quickCheck(ctx, db); err != nil {
			return err
		}
	}
	return migrate(ctx, db)
}

// quickCheck verifies the structure of every table and its indexes.
func quickCheck(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid`)
	if err != nil {
		return fmt.Errorf("check after an unclean shutdown: %w", err)
	}
	tables, err := collect(rows, func(row scanner) (name string, err error) {
		err = row.Scan(&name)
		return name, err
	})
	if err != nil {
		return fmt.Errorf("check after an unclean shutdown: %w", err)
	}
	for _, table := range tables {
		if err := checkTable(ctx, db, table); err != nil {
			return fmt.Errorf("check after an unclean shutdown: table %s: %w", table, err)
		}
	}
	return nil
}

func checkTable(ctx context.Context, db *sql.DB, table string) error {
	var finding string
	// PRAGMA takes no parameters; the names are those of the schema.
	if err := db.QueryRowContext(ctx, fmt.Sprintf("PRAGMA quick_check('%s')", table)).Scan(&finding); err != nil {
		return err
	}
	if finding != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, finding)
	}
	return nil
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

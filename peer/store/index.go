package store

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"peerd/wire"
)

// The full-text index is a file of its own beside the messages, which are stored
// without waiting for it: small additions cost the index five times as much as
// large ones, and none need be on the disk before somebody searches.
//
//	messages.db ──new rows, changed rows──▶ indexer, now and then ──▶ search.db
//	                                           ▲                         │
//	                                        Search, first ◀──────────────┘
//
// It holds nothing that messages.db does not: when it is damaged, missing, or of
// another history, such as after a backup was restored, it is made again.

const (
	indexName = "search.db"
	// indexVersion changes with index.sql: an index of another version is made
	// again.
	indexVersion = 1
	// indexAfter is how long a new message may be without its entry. Shorter, and
	// each costs more; longer, and the next search waits for more of them.
	indexAfter = 500 * time.Millisecond
	// indexBatch is how many messages share a transaction of the index.
	indexBatch = 5000
)

//go:embed index.sql
var indexSchema string

// An index is the open search.db. Its methods may be called concurrently.
type index struct {
	path     string
	messages *readers

	mu sync.Mutex // held by who uses db
	db *sql.DB    // nil when a new file could not be begun: the disk is full, say
	// exchanges is how often the messages' file had been exchanged when this index
	// was begun.
	exchanges uint64

	wakeup   chan struct{} // holds one wake-up
	cancel   context.CancelFunc
	finished chan struct{}
}

// openIndex opens the index of the messages in dir, or begins a new one, and
// keeps it up to date until close.
func openIndex(dir string, messages *readers) (*index, error) {
	x := &index{
		path:     filepath.Join(dir, indexName),
		messages: messages,
		wakeup:   make(chan struct{}, 1),
		finished: make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	x.cancel = cancel
	err := x.open(ctx)
	if err == nil {
		err = x.checkHistory(ctx)
	}
	if err != nil {
		err = x.renew(ctx)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("open index: %w", err)
	}
	go x.follow(ctx)
	x.wake()
	return x, nil
}

// close stops the indexing and closes the file.
func (x *index) close() error {
	x.cancel()
	<-x.finished
	if x.db == nil {
		return nil
	}
	return x.db.Close()
}

// wake has what was stored lately indexed soon.
func (x *index) wake() {
	select {
	case x.wakeup <- struct{}{}:
	default: // it is going to look anyway
	}
}

func (x *index) follow(ctx context.Context) {
	defer close(x.finished)
	for {
		select {
		case <-x.wakeup:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(indexAfter):
		case <-ctx.Done():
			return
		}
		// A full disk, say: a search tells, and the next message tries again.
		_ = x.catchUp(ctx)
	}
}

// open opens the file and makes its tables if need be.
func (x *index) open(ctx context.Context) error {
	if err := makePrivateFile(filepath.Dir(x.path), indexName); err != nil {
		return err
	}
	db, err := connect(x.path, 1, "journal_mode(WAL)", "synchronous(NORMAL)")
	if err != nil {
		return err
	}
	if err := prepareIndex(ctx, db); err != nil {
		return errors.Join(err, db.Close())
	}
	x.db = db
	return nil
}

func prepareIndex(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case indexVersion:
		return nil
	case 0:
		return migrateStep(ctx, db, migration{indexVersion, indexSchema})
	}
	return errOtherIndex
}

// errOtherIndex says that an index is not one of these messages.
var errOtherIndex = errors.New("index is of other messages, or of another version")

// renew removes the file and begins a new one.
func (x *index) renew(ctx context.Context) error {
	if x.db != nil {
		_ = x.db.Close() // it may be damaged
		x.db = nil
	}
	for _, companion := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(x.path + companion); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return x.open(ctx)
}

// A position is how far the index has followed the messages.
type position struct {
	row    int64
	id     []byte
	change int64
}

func (x *index) position(ctx context.Context) (at position, err error) {
	err = x.db.QueryRowContext(ctx, `SELECT row_id, message_id, change FROM cursor`).Scan(&at.row, &at.id, &at.change)
	return at, err
}

// checkHistory returns errOtherIndex when the messages are not those that the
// index has followed.
func (x *index) checkHistory(ctx context.Context) error {
	at, err := x.position(ctx)
	if err != nil {
		return err
	}
	same, err := queryFirst(ctx, x.messages, func(row scanner) (same bool, err error) {
		err = row.Scan(&same)
		return same, err
	}, `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0) >= ?1
			AND coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message_change'), 0) >= ?2
			AND NOT EXISTS (SELECT * FROM message WHERE row_id = ?1 AND id <> ?3)`, at.row, at.change, at.id)
	if err == nil && !same {
		err = errOtherIndex
	}
	return err
}

// catchUp brings into the index what has been stored.
func (x *index) catchUp(ctx context.Context) error {
	for {
		n, err := x.advance(ctx)
		if err != nil {
			return fmt.Errorf("index messages: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

// advance indexes some of what has been stored since, and returns how much. An
// index that is damaged is begun anew.
func (x *index) advance(ctx context.Context) (n int, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if exchanges := x.messages.exchanged(); x.db == nil || exchanges != x.exchanges {
		if err := x.renew(ctx); err != nil {
			return 0, err
		}
		x.exchanges = exchanges
	}
	n, err = x.advanceOnce(ctx)
	if isDamage(err) {
		return 1, x.renew(ctx) // and there is more to do
	}
	return n, err
}

func (x *index) advanceOnce(ctx context.Context) (n int, err error) {
	at, err := x.position(ctx)
	if err != nil {
		return 0, err
	}
	// The changes first: what changes after that comes with the next ones.
	changed, err := queryList(ctx, x.messages, scanEntry, `SELECT number, message_change.row_id, id, peer, body,
			coalesce(hidden OR message.row_id > ?, 1)
		FROM message_change LEFT JOIN message USING (row_id) WHERE number > ? ORDER BY number LIMIT ?`, at.row, at.change, indexBatch)
	if err != nil {
		return 0, fmt.Errorf("read messages: %v", err) // its damage is not the index's
	}
	fresh, err := queryList(ctx, x.messages, scanEntry, `SELECT 0, row_id, id, peer, body, hidden FROM message
		WHERE row_id > ? ORDER BY row_id LIMIT ?`, at.row, indexBatch)
	if err != nil {
		return 0, fmt.Errorf("read messages: %v", err)
	}
	if len(fresh)+len(changed) == 0 {
		return 0, nil
	}
	return len(fresh) + len(changed), x.write(ctx, at, fresh, changed)
}

// An entry is a message as the index takes it.
type entry struct {
	change int64 // the number of its message_change
	row    int64
	id     []byte
	peer   []byte
	body   sql.NullString
	hidden bool // not to be found, or no longer there
}

func scanEntry(row scanner) (m entry, err error) {
	err = row.Scan(&m.change, &m.row, &m.id, &m.peer, &m.body, &m.hidden)
	return m, err
}

// write adds messages to the index, puts others in place of what it knows of
// them, and moves the cursor past both.
func (x *index) write(ctx context.Context, at position, fresh, changed []entry) error {
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	insert, err := tx.PrepareContext(ctx, `INSERT INTO message_text (rowid, body, conversation) VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, m := range changed {
		if _, err := tx.ExecContext(ctx, `DELETE FROM message_text WHERE rowid = ?`, m.row); err != nil {
			return err
		}
		at.change = m.change
	}
	for _, m := range append(latest(changed), fresh...) {
		if m.hidden {
			continue
		}
		if _, err := insert.ExecContext(ctx, m.row, m.body.String, conversationMark(m.peer)); err != nil {
			return err
		}
	}
	if len(fresh) > 0 {
		last := fresh[len(fresh)-1]
		at.row, at.id = last.row, last.id
	}
	if _, err := tx.ExecContext(ctx, `UPDATE cursor SET row_id = ?, message_id = ?, change = ?`, at.row, at.id, at.change); err != nil {
		return err
	}
	return tx.Commit()
}

// latest returns one change for every message that has several.
func latest(changed []entry) []entry {
	seen := make(map[int64]bool)
	var once []entry
	for _, m := range changed {
		if !seen[m.row] {
			seen[m.row] = true
			once = append(once, m)
		}
	}
	return once
}

// conversationMark is what the index knows of a message's peer.
func conversationMark(peer []byte) string {
	if len(peer) != len(wire.Key{}) {
		return ""
	}
	return hex.EncodeToString(peer[:2])[:3]
}

// renewDamaged begins the index anew, if err says that it is damaged, and reports
// whether it did.
func (x *index) renewDamaged(ctx context.Context, err error) bool {
	if !isDamage(err) {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.renew(ctx) == nil
}

// find calls yield with the row ids of messages that match, the newest first,
// until it returns false. Catch up first.
func (x *index) find(ctx context.Context, match string, yield func(row int64) bool) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.db == nil {
		return errOtherIndex
	}
	rows, err := x.db.QueryContext(ctx, `SELECT rowid FROM message_text WHERE message_text MATCH ? ORDER BY rowid DESC`, match)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row int64
		if err := rows.Scan(&row); err != nil {
			return err
		}
		if !yield(row) {
			return nil
		}
	}
	return rows.Err()
}

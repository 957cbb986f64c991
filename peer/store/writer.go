package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"peerd/internal/failpoint"
)

// maxBatch is how many operations share a transaction. A larger one makes the
// first of them wait longer, and gains little: the fsync is shared already.
const maxBatch = 256

// An operation is one caller's change. It may be run more than once, and only
// its last run counts.
type operation struct {
	ctx  context.Context
	run  func(*transaction) error
	lazy bool       // a power cut may undo it
	done chan error // takes one result

	// cause is set instead of run to have the file mended, unless it has been
	// exchanged more often than seen.
	cause error
	seen  uint64
}

// The writer owns the only connection that writes. It commits in groups: while
// one transaction waits for the disk, the operations that arrive gather, and
// all of them go into the next one.
//
//	callers ──► operations ──► [ BEGIN · run · run · run · COMMIT (one fsync) ] ──► each caller's result
//
// A transaction of nothing but lazy operations is not waited for: it is in the
// write-ahead log, which survives the process, and on the disk with the next one.
type writer struct {
	db         *sql.DB
	tx         *transaction
	operations chan *operation // unbuffered: what the writer has taken, it finishes
	stopping   chan struct{}
	finished   chan struct{}
	commits    atomic.Uint64 // transactions committed
	// exchange puts another file in place of a damaged one, and exchanges counts.
	exchange  func(*sql.DB, error) (*sql.DB, error)
	exchanges uint64
	lazy      bool  // whether commits do not wait for the disk now
	broken    error // the damage of the file while there is no connection to it
}

// startWriter takes over db when it succeeds.
func startWriter(db *sql.DB, exchange func(*sql.DB, error) (*sql.DB, error)) (*writer, error) {
	w := &writer{
		operations: make(chan *operation),
		stopping:   make(chan struct{}),
		finished:   make(chan struct{}),
		exchange:   exchange,
	}
	if err := w.use(db); err != nil {
		return nil, err
	}
	go w.loop()
	return w, nil
}

// use takes over db, which waits for the disk.
func (w *writer) use(db *sql.DB) error {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return err
	}
	w.db, w.lazy = db, false
	w.tx = &transaction{conn: conn, prepared: make(map[string]*sql.Stmt)}
	return nil
}

// stop refuses new operations and waits for those taken. It is called once.
func (w *writer) stop() {
	close(w.stopping)
	<-w.finished
}

func (w *writer) stopped() bool {
	select {
	case <-w.stopping:
		return true
	default:
		return false
	}
}

// close gives up the connection of a stopped writer.
func (w *writer) close() error {
	if w.tx == nil {
		return nil
	}
	return errors.Join(w.tx.close(), w.db.Close())
}

func (w *writer) loop() {
	defer close(w.finished)
	for {
		select {
		case op := <-w.operations:
			w.do(w.gather(op))
		case <-w.stopping:
			return
		}
	}
}

// gather adds the operations that are waiting already to first.
func (w *writer) gather(first *operation) []*operation {
	batch := []*operation{first}
	for len(batch) < maxBatch {
		select {
		case op := <-w.operations:
			batch = append(batch, op)
		default:
			return batch
		}
	}
	return batch
}

// do mends the file if an operation asks for it, and commits the others.
func (w *writer) do(batch []*operation) {
	var changes []*operation
	for _, op := range batch {
		switch {
		case op.cause == nil:
			changes = append(changes, op)
		case op.seen < w.exchanges:
			op.done <- nil
		default:
			op.done <- w.mend(op.cause)
		}
	}
	if len(changes) > 0 {
		w.commit(changes)
	}
}

// mend has the file exchanged. An error is why it was not; the damaged one is used
// on then, if that can be.
func (w *writer) mend(cause error) error {
	if w.tx != nil {
		_ = w.tx.close() // of no use any more
	}
	w.tx, w.broken = nil, cause
	db, err := w.exchange(w.db, cause)
	if db != nil {
		err = errors.Join(err, w.use(db))
	}
	if err == nil {
		w.exchanges++
	}
	return err
}

// commit runs the operations in one transaction and tells their callers. When
// one of them fails, none of them may suffer for it: all are run again, each in
// a transaction of its own.
func (w *writer) commit(batch []*operation) {
	err := w.transact(batch...)
	mended := isDamage(err) && w.mend(err) == nil
	for _, op := range batch {
		if mended || err != nil && len(batch) > 1 {
			op.done <- w.transact(op)
		} else {
			op.done <- err
		}
	}
}

// transact commits all of the operations, or none and returns why.
func (w *writer) transact(batch ...*operation) error {
	if w.tx == nil {
		if err := w.mend(w.broken); err != nil {
			return fmt.Errorf("mend the file: %w", err)
		}
	}
	if err := w.awaitDisk(!allLazy(batch)); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	if err := w.tx.exec("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	for _, op := range batch {
		if err := op.run(w.tx); err != nil {
			w.tx.rollback()
			return err
		}
		failpoint.Hit(failpoint.StoreOperation)
	}
	failpoint.Hit(failpoint.StoreCommitBefore)
	if err := w.tx.exec("COMMIT"); err != nil {
		w.tx.rollback()
		return fmt.Errorf("commit: %w", err)
	}
	failpoint.Hit(failpoint.StoreCommitAfter)
	w.commits.Add(1)
	return nil
}

// awaitDisk chooses whether the next commit waits until it is on the disk.
func (w *writer) awaitDisk(wait bool) error {
	if wait != w.lazy {
		return nil
	}
	mode := "PRAGMA synchronous = NORMAL"
	if wait {
		mode = "PRAGMA synchronous = FULL"
	}
	// Not a prepared statement: SQLite sets it while it compiles the pragma.
	_, err := w.tx.conn.ExecContext(context.Background(), mode)
	if err == nil {
		w.lazy = !wait
	}
	return err
}

func allLazy(batch []*operation) bool {
	return !slices.ContainsFunc(batch, func(op *operation) bool { return !op.lazy })
}

// submit hands op to the writer and waits for its result. Who gives up before the writer
// has taken op has changed nothing. Afterwards the change is made: who gave up then would
// not know of it, and would go on with what was true before.
func (w *writer) submit(op *operation) error {
	if err := op.ctx.Err(); err != nil {
		return err // both cases below may be ready: do not leave it to chance
	}
	select {
	case w.operations <- op:
	case <-w.stopping:
		return ErrClosed
	case <-op.ctx.Done():
		return op.ctx.Err()
	}
	return <-op.done
}

// A refusal is the error of a change that has written nothing. It concerns its
// caller alone, and the batch goes on: a peer that provokes refusals, with
// receipts for messages that never were, must not cost the others their shared
// fsync.
type refusal struct{ reason error }

func (r refusal) Error() string { return r.reason.Error() }

// write runs change in a transaction and returns its result once that is on
// the disk. The attempt says what the caller wanted, for the error. The change
// must give the same result when it is run again after a rollback.
func write[T any](ctx context.Context, s *Store, attempt string, change func(*transaction) (T, error)) (T, error) {
	return submit(s, attempt, &operation{ctx: ctx}, change)
}

// writeLazily is write for a change that a power cut may undo, though nothing
// else may: what is learned again, or makes no difference.
func writeLazily[T any](ctx context.Context, s *Store, attempt string, change func(*transaction) (T, error)) (T, error) {
	return submit(s, attempt, &operation{ctx: ctx, lazy: true}, change)
}

// apply is write for changes without a result.
func apply(ctx context.Context, s *Store, attempt string, change func(*transaction) error) error {
	_, err := write(ctx, s, attempt, withoutResult(change))
	return err
}

func withoutResult(change func(*transaction) error) func(*transaction) (struct{}, error) {
	return func(tx *transaction) (struct{}, error) { return struct{}{}, change(tx) }
}

// submit has op make the change.
func submit[T any](s *Store, attempt string, op *operation, change func(*transaction) (T, error)) (T, error) {
	var result, none T
	var refused error
	op.done = make(chan error, 1)
	op.run = func(tx *transaction) (err error) {
		refused = nil // an earlier run does not count
		result, err = change(tx)
		if r, ok := errors.AsType[refusal](err); ok {
			refused, err = r.reason, nil
		}
		return err
	}
	if err := s.writer.submit(op); err != nil {
		return none, fmt.Errorf("%s: %w", attempt, err)
	}
	if refused != nil {
		return none, fmt.Errorf("%s: %w", attempt, refused)
	}
	if !op.lazy { // else no text has changed
		s.index.wake()
	}
	return result, nil
}

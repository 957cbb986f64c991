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
	done chan error // takes one result without a reader
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
	lazy       bool          // whether commits do not wait for the disk now
}

// startWriter takes over db when it succeeds.
func startWriter(db *sql.DB) (*writer, error) {
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	w := &writer{
		db:         db,
		tx:         &transaction{conn: conn, prepared: make(map[string]*sql.Stmt)},
		operations: make(chan *operation),
		stopping:   make(chan struct{}),
		finished:   make(chan struct{}),
	}
	go w.loop()
	return w, nil
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
func (w *writer) close() error { return errors.Join(w.tx.close(), w.db.Close()) }

func (w *writer) loop() {
	defer close(w.finished)
	for {
		select {
		case op := <-w.operations:
			w.commit(w.gather(op))
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

// commit runs the operations in one transaction and tells their callers. When
// one of them fails, none of them may suffer for it: all are run again, each in
// a transaction of its own.
func (w *writer) commit(batch []*operation) {
	err := w.transact(batch...)
	for _, op := range batch {
		if err != nil && len(batch) > 1 {
			op.done <- w.transact(op)
		} else {
			op.done <- err
		}
	}
}

// transact commits all of the operations, or none and returns why.
func (w *writer) transact(batch ...*operation) error {
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

// submit hands op to the writer and waits for its result.
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
	select {
	case err := <-op.done:
		return err
	case <-op.ctx.Done():
		return op.ctx.Err()
	}
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

// applyLazily is writeLazily for changes without a result.
func applyLazily(ctx context.Context, s *Store, attempt string, change func(*transaction) error) error {
	_, err := writeLazily(ctx, s, attempt, withoutResult(change))
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
		// After a cancelled context the writer may be setting result just now.
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

package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxPrepared bounds the statements that are kept prepared. The program has fewer;
// only searches, whose statements differ with what is looked for, can exceed it.
const maxPrepared = 64

// readers are the connections that only read. Statements stay prepared: to compile
// one takes longer than to run it.
type readers struct {
	// repair has a damaged file mended, unless it was exchanged after seen times.
	repair func(ctx context.Context, seen uint64, cause error) error

	// reading is held by who reads, and alone by who exchanges the file.
	reading   sync.RWMutex
	db        *sql.DB
	exchanges uint64 // how often there was another file

	mu       sync.Mutex
	prepared map[string]*sql.Stmt
}

func newReaders(db *sql.DB, repair func(context.Context, uint64, error) error) *readers {
	return &readers{db: db, repair: repair, prepared: make(map[string]*sql.Stmt)}
}

// exchange has another file take the place of the present one while nobody reads.
func (r *readers) exchange(with func(old *sql.DB) (write, read *sql.DB, err error)) (write *sql.DB, err error) {
	r.reading.Lock()
	defer r.reading.Unlock()
	_ = r.forgetPrepared() // of no use any more
	write, read, err := with(r.db)
	if read != nil {
		r.db = read
	}
	if err == nil {
		r.exchanges++
	}
	return write, err
}

// exchanged returns how often the file was exchanged.
func (r *readers) exchanged() uint64 {
	r.reading.RLock()
	defer r.reading.RUnlock()
	return r.exchanges
}

// view calls read with a transaction that sees one state of the file.
func (r *readers) view(ctx context.Context, read func(*sql.Tx) error) error {
	r.reading.RLock()
	defer r.reading.RUnlock()
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return read(tx)
}

// query runs a statement that reads.
func (r *readers) query(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	prepared, err := r.prepare(ctx, statement)
	if err != nil {
		return nil, err
	}
	if prepared == nil {
		return r.db.QueryContext(ctx, statement, args...)
	}
	return prepared.QueryContext(ctx, args...)
}

// prepare returns the prepared statement, or nil when it is one too many.
func (r *readers) prepare(ctx context.Context, statement string) (*sql.Stmt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	prepared := r.prepared[statement]
	if prepared != nil || len(r.prepared) >= maxPrepared {
		return prepared, nil
	}
	prepared, err := r.db.PrepareContext(ctx, statement)
	if err == nil {
		r.prepared[statement] = prepared
	}
	return prepared, err
}

func (r *readers) forgetPrepared() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	for _, prepared := range r.prepared {
		err = errors.Join(err, prepared.Close())
	}
	clear(r.prepared)
	return err
}

func (r *readers) close() error { return errors.Join(r.forgetPrepared(), r.db.Close()) }

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

// queryList reads all rows of a query. When it meets a damaged page, it has the
// file mended and reads again.
func queryList[T any](ctx context.Context, r *readers, scan func(scanner) (T, error), statement string, args ...any) ([]T, error) {
	seen := r.exchanged()
	all, err := queryOnce(ctx, r, scan, statement, args...)
	if isDamage(err) && r.repair(ctx, seen, err) == nil {
		return queryOnce(ctx, r, scan, statement, args...)
	}
	return all, err
}

func queryOnce[T any](ctx context.Context, r *readers, scan func(scanner) (T, error), statement string, args ...any) ([]T, error) {
	r.reading.RLock()
	defer r.reading.RUnlock()
	rows, err := r.query(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

// queryFirst reads the first row of a query, or returns ErrNotFound.
func queryFirst[T any](ctx context.Context, r *readers, scan func(scanner) (T, error), statement string, args ...any) (T, error) {
	var none T
	all, err := queryList(ctx, r, scan, statement, args...)
	switch {
	case err != nil:
		return none, err
	case len(all) == 0:
		return none, ErrNotFound
	}
	return all[0], nil
}

// list is queryList for the methods of Store.
func list[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), statement string, args ...any) ([]T, error) {
	if s.writer.stopped() {
		return nil, ErrClosed
	}
	return queryList(ctx, s.readers, scan, statement, args...)
}

// first is queryFirst for the methods of Store.
func first[T any](ctx context.Context, s *Store, scan func(scanner) (T, error), statement string, args ...any) (T, error) {
	if s.writer.stopped() {
		var none T
		return none, ErrClosed
	}
	return queryFirst(ctx, s.readers, scan, statement, args...)
}

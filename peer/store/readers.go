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
	db *sql.DB

	mu       sync.Mutex
	prepared map[string]*sql.Stmt
}

func newReaders(db *sql.DB) *readers {
	return &readers{db: db, prepared: make(map[string]*sql.Stmt)}
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

func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var err error
	for _, prepared := range r.prepared {
		err = errors.Join(err, prepared.Close())
	}
	return errors.Join(err, r.db.Close())
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

// queryList reads all rows of a query.
func queryList[T any](ctx context.Context, r *readers, scan func(scanner) (T, error), statement string, args ...any) ([]T, error) {
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

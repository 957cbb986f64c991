package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// A transaction runs statements on the writer's connection and keeps them
// prepared. Statements ignore their callers' contexts: an interrupted one would
// take the other operations of its batch down with it.
type transaction struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func (tx *transaction) prepare(statement string) (*sql.Stmt, error) {
	if prepared, ok := tx.prepared[statement]; ok {
		return prepared, nil
	}
	prepared, err := tx.conn.PrepareContext(context.Background(), statement)
	if err == nil {
		tx.prepared[statement] = prepared
	}
	return prepared, err
}

// run executes a statement and returns what it did.
func (tx *transaction) run(statement string, args ...any) (sql.Result, error) {
	prepared, err := tx.prepare(statement)
	if err != nil {
		return nil, err
	}
	return prepared.Exec(args...)
}

// exec executes a statement.
func (tx *transaction) exec(statement string, args ...any) error {
	_, err := tx.run(statement, args...)
	return err
}

// changes executes a statement and returns how many rows it changed.
func (tx *transaction) changes(statement string, args ...any) (int64, error) {
	result, err := tx.run(statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// messages runs a statement that returns messageColumns.
func (tx *transaction) messages(statement string, args ...any) ([]Message, error) {
	prepared, err := tx.prepare(statement)
	if err != nil {
		return nil, err
	}
	rows, err := prepared.Query(args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanMessage)
}

// message is messages for one row; it returns ErrNotFound when there is none.
func (tx *transaction) message(statement string, args ...any) (Message, error) {
	found, err := tx.messages(statement, args...)
	switch {
	case err != nil:
		return Message{}, err
	case len(found) == 0:
		return Message{}, ErrNotFound
	}
	return found[0], nil
}

// row reads the only row of a statement; sql.ErrNoRows when there is none.
func (tx *transaction) row(statement string, args []any, columns ...any) error {
	prepared, err := tx.prepare(statement)
	if err != nil {
		return err
	}
	return prepared.QueryRow(args...).Scan(columns...)
}

// known returns the message whose row_id a statement returns, if it returns one.
// It is fast when it does not, as nearly always.
func (tx *transaction) known(statement string, args ...any) (m Message, known bool, err error) {
	var row int64
	err = tx.row(statement, args, &row)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return Message{}, false, nil
	case err != nil:
		return Message{}, false, err
	}
	m, err = tx.message(`SELECT `+messageColumns+` FROM message WHERE row_id = ?`, row)
	return m, err == nil, err
}

// insertMessage inserts a message and returns it as it is read from then on.
func (tx *transaction) insertMessage(m Message) (Message, error) {
	result, err := tx.run(`INSERT INTO message (id, peer, outgoing, seq, body, sent_at, received_at, state, delivered_at, read_at, path,
			kind, payload, group_id, hidden)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.ID[:], m.Peer[:], m.Outgoing, int64(m.Seq), m.Body, toNanos(m.SentAt), toNanos(m.ReceivedAt), m.State,
		toNanos(m.DeliveredAt), toNanos(m.ReadAt), m.Path, m.Kind, []byte(m.Payload), groupOctets(m.Group), m.Hidden)
	if err != nil {
		return Message{}, err
	}
	m.Row, err = result.LastInsertId()
	for _, t := range []*time.Time{&m.SentAt, &m.ReceivedAt, &m.DeliveredAt, &m.ReadAt} {
		*t = fromNanos(toNanos(*t))
	}
	return m, err
}

// rollback undoes the transaction. It has nothing to report: after a full disk
// or a failed write SQLite has rolled back by itself, and says so.
func (tx *transaction) rollback() { _ = tx.exec("ROLLBACK") }

func (tx *transaction) close() error {
	var err error
	for _, prepared := range tx.prepared {
		err = errors.Join(err, prepared.Close())
	}
	return errors.Join(err, tx.conn.Close())
}

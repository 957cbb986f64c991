package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// A rescue reads every row that can be read out of a damaged file, page by page,
// and writes it to a new one. SQLite gives up a whole table with one page of it;
// here the damage costs what is on the page.
//
// Which table a page belongs to is known by following the trees from the schema.
// Pages that no tree leads to any more, because the damage is above them, are told
// by what their rows look like.

// A rescue copies rows of a damaged file into a new one.
type rescue struct {
	ctx    context.Context
	pages  *pages
	tx     *sql.Tx
	tables map[string]table

	insert    map[string]*sql.Stmt
	visited   map[uint32]bool
	sequences map[string]int64 // highest number there was, by table
	// doubtful is set when rows of conversation may be missing.
	doubtful bool
	found    found
}

// found is what a rescue has found.
type found struct {
	damaged  int   // pages that cannot be read, wholly or in part
	messages int64 // that are saved
	missing  int64 // messages that were there once and are not saved; some of them may have been deleted
}

// A table is one of today's schema.
type table struct {
	name    string
	rowID   bool     // rows are found by a number of their own, not by their key
	columns []column // in the order of its records
}

type column struct {
	name, class string
	isRow       bool // it is the number of the row, which the record leaves out
}

// copyRows copies what can be read of the damaged file to the new one, which has
// today's schema and no rows.
func copyRows(ctx context.Context, damaged *os.File, to *sql.DB) (found, error) {
	tables, err := listTables(ctx, to)
	if err != nil {
		return found{}, err
	}
	from, err := readPages(damaged)
	if err != nil {
		return found{}, err
	}
	tx, err := to.BeginTx(ctx, nil)
	if err != nil {
		return found{}, err
	}
	defer tx.Rollback()
	r := &rescue{ctx: ctx, pages: from, tx: tx, tables: tables,
		insert: make(map[string]*sql.Stmt), visited: make(map[uint32]bool), sequences: make(map[string]int64)}
	if err := r.copyAll(); err != nil {
		return found{}, err
	}
	return r.found, tx.Commit()
}

func listTables(ctx context.Context, db *sql.DB) (map[string]table, error) {
	rows, err := db.QueryContext(ctx, `SELECT l.name, l.wr = 0, c.name, c.type, c.pk > 0 AND l.wr = 0 AND upper(c.type) = 'INTEGER'
		FROM pragma_table_list AS l, pragma_table_info(l.name) AS c
		WHERE l.schema = 'main' AND l.type = 'table' AND l.name NOT LIKE 'sqlite_%'
		ORDER BY l.name, iif(l.wr AND c.pk > 0, c.pk, 1000 + c.cid)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tables := make(map[string]table)
	for rows.Next() {
		var t table
		var c column
		if err := rows.Scan(&t.name, &t.rowID, &c.name, &c.class, &c.isRow); err != nil {
			return nil, err
		}
		t.columns = append(tables[t.name].columns, c)
		tables[t.name] = t
	}
	return tables, rows.Err()
}

func (r *rescue) copyAll() error {
	trees := r.schema()
	for _, t := range trees {
		take := func(c cell) error { return r.save(r.tables[t.name], c) }
		if t.name == "sqlite_sequence" {
			take = r.noteSequence
		}
		if err := r.walk(t.root, take, t.name == "conversation"); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(trees, func(t tree) bool { return t.name == "conversation" }) {
		r.doubtful = true
	}
	for number := uint32(1); number <= r.pages.count; number++ {
		if err := r.saveStray(number); err != nil {
			return err
		}
	}
	return r.complete()
}

// noteSequence takes a row of SQLite's own table: the highest number there was of a
// table's rows.
func (r *rescue) noteSequence(c cell) error {
	if len(c.values) == 2 {
		name, _ := c.values[0].(string)
		r.sequences[name], _ = c.values[1].(int64)
	}
	return nil
}

// A tree is a table or, without a name, an index.
type tree struct {
	name string
	root uint32
}

// schema returns the trees that the first page tells of.
func (r *rescue) schema() (trees []tree) {
	_ = r.walk(1, func(c cell) error { // no error comes out but ours
		if len(c.values) != 5 {
			return nil
		}
		kind, _ := c.values[0].(string)
		name, _ := c.values[1].(string)
		root, _ := c.values[3].(int64)
		switch {
		case root < 2 || root > int64(r.pages.count):
		case kind == "table":
			trees = append(trees, tree{name, uint32(root)})
		case kind == "index":
			trees = append(trees, tree{"", uint32(root)})
		}
		return nil
	}, false)
	return trees
}

// walk calls take for the rows of a tree. vital says that what is missing of it
// makes sequences doubtful.
func (r *rescue) walk(root uint32, take func(cell) error, vital bool) error {
	for waiting := []uint32{root}; len(waiting) > 0; {
		number := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if r.visited[number] {
			continue
		}
		r.visited[number] = true
		n, err := r.pages.node(number)
		if err != nil || n.bad > 0 {
			r.found.damaged++
			r.doubtful = r.doubtful || vital
		}
		for _, c := range n.cells {
			if c.child != 0 {
				waiting = append(waiting, c.child)
			}
			if n.kind == interiorTable {
				continue
			}
			if err := take(c); err != nil {
				return err
			}
		}
		if n.right != 0 {
			waiting = append(waiting, n.right)
		}
	}
	return nil
}

// saveStray saves the rows of a page to which no tree leads.
func (r *rescue) saveStray(number uint32) error {
	if r.visited[number] {
		return nil
	}
	n, err := r.pages.node(number)
	if err != nil || n.kind == interiorTable {
		return nil // a free page, or the rest of a long row
	}
	for _, c := range n.cells {
		for _, t := range r.tables {
			if !t.looksLike(n.isTable(), c) {
				continue
			}
			// A row may look like one of several tables, which differ in what they allow.
			if err := r.save(t, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// messageColumnsAtFirst is how many columns messages had in the first schema.
const messageColumnsAtFirst = 12

// looksLike reports whether a row can be one of the table. Rows that are older than
// a column lack it; only of messages, the most precious, are such ones recognised.
func (t table) looksLike(inTable bool, c cell) bool {
	least := len(t.columns)
	if t.name == "message" {
		least = messageColumnsAtFirst
	}
	if t.rowID != inTable || len(c.values) < least || len(c.values) > len(t.columns) {
		return false
	}
	for i, value := range c.values {
		if t.columns[i].isRow != (value == nil) || value != nil && t.columns[i].class != class(value) {
			return false
		}
	}
	return true
}

// class is the type of a column that holds the value.
func class(value any) string {
	switch value.(type) {
	case int64:
		return "INTEGER"
	case string:
		return "TEXT"
	case []byte:
		return "BLOB"
	}
	return ""
}

// save inserts a row. One that breaks the table's rules is damaged, and left out.
func (r *rescue) save(t table, c cell) error {
	if len(c.values) == 0 || len(c.values) > len(t.columns) {
		return nil // of no table of today's, or of none that could be read
	}
	insert, err := r.prepare(t, len(c.values))
	if err != nil {
		return err
	}
	for i, value := range c.values {
		if text, isText := value.(string); isText {
			c.values[i] = strings.ToValidUTF8(text, "\ufffd")
		}
		if t.columns[i].isRow {
			c.values[i] = c.row
		}
	}
	_, err = insert.ExecContext(r.ctx, c.values...)
	if failure, isSQLite := errors.AsType[*sqlite.Error](err); isSQLite && failure.Code()&0xff == sqliteConstraint {
		return nil
	}
	return err
}

// sqliteConstraint is SQLite's primary result code for a row that may not be.
const sqliteConstraint = 19

func (r *rescue) prepare(t table, columns int) (*sql.Stmt, error) {
	var names []string
	for _, c := range t.columns[:columns] {
		names = append(names, c.name)
	}
	statement := fmt.Sprintf(`INSERT OR IGNORE INTO %s (%s) VALUES (?%s)`,
		t.name, strings.Join(names, ", "), strings.Repeat(", ?", columns-1))
	if insert := r.insert[statement]; insert != nil {
		return insert, nil
	}
	insert, err := r.tx.PrepareContext(r.ctx, statement)
	r.insert[statement] = insert
	return insert, err
}

// complete makes the conversations whole and counts what is there.
func (r *rescue) complete() error {
	for name, seq := range r.sequences {
		if err := r.passSequence(name, seq); err != nil {
			return err
		}
	}
	statements := []string{
		`INSERT OR IGNORE INTO conversation (peer) SELECT DISTINCT peer FROM message`,
		`UPDATE conversation SET
			next_seq     = max(next_seq,     1 + coalesce((SELECT max(seq) FROM message AS m WHERE m.peer = conversation.peer AND outgoing = 1), 0)),
			received_seq = max(received_seq,     coalesce((SELECT max(seq) FROM message AS m WHERE m.peer = conversation.peer AND outgoing = 0), 0))`,
	}
	for _, statement := range statements {
		if _, err := r.tx.ExecContext(r.ctx, statement); err != nil {
			return err
		}
	}
	if r.doubtful {
		if err := r.leap(); err != nil {
			return err
		}
	}
	return r.tx.QueryRowContext(r.ctx, `SELECT count(*),
			max(coalesce(max(row_id), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0)) - count(*) FROM message`).
		Scan(&r.found.messages, &r.found.missing)
}

// passSequence sees to it that no number up to seq is given to a row of a table again.
// SQLite knows of none while nothing of the table was saved.
func (r *rescue) passSequence(table string, seq int64) error {
	if _, ours := r.tables[table]; !ours {
		return nil
	}
	for _, statement := range []string{
		`UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1`,
		`INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT * FROM sqlite_sequence WHERE name = ?1)`,
	} {
		if _, err := r.tx.ExecContext(r.ctx, statement, table, seq); err != nil {
			return err
		}
	}
	return nil
}

// leap moves the sequences of all conversations, and where new ones begin, to where
// none has been: conversations may be missing, and with them what was used.
func (r *rescue) leap() error {
	var highest int64
	if err := r.tx.QueryRowContext(r.ctx, `SELECT coalesce(max(next_seq), 1) FROM conversation`).Scan(&highest); err != nil {
		return err
	}
	floor := min(highest+sequenceLeap, math.MaxInt64/2)
	if _, err := r.tx.ExecContext(r.ctx, `UPDATE conversation SET next_seq = max(next_seq, ?)`, floor); err != nil {
		return err
	}
	_, err := r.tx.ExecContext(r.ctx, `INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)`, floorSetting, strconv.FormatInt(floor, 10))
	return err
}

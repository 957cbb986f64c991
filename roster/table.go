package roster

import (
	"iter"

	"peerd/wire"
)

// logLength is how many changes a table remembers, 256 KiB of keys. A peer that
// has missed more gets a snapshot: at 10,000 members who log in and out twice a
// day, it may be away for five hours. A longer log sends longer deltas, which cost
// as much as the snapshot they avoid.
const logLength = 8192

// A Table is the roster at the rendezvous. Make one with NewTable.
type Table struct {
	epoch   uint64 // never 0: wire has no such epoch
	version uint64 // counts the changes since NewTable
	rows    map[wire.Key]wire.Row

	// names finds the row that was put last under a name. Each entry leads to a
	// row of that name.
	names map[string]wire.Key

	// log is a ring: the change to version v was to the row of log[(v-1)%logLength].
	// len(log) is version until it is logLength. What the change was does not
	// matter: an update holds the row as it is now, or the fact that it is gone.
	log       []wire.Key
	logLength uint64
}

// NewTable returns an empty table. Versions of different tables cannot be compared,
// so the epoch must be one that no table of this circle has had before, and not 0.
func NewTable(epoch uint64) *Table { return newTable(epoch, logLength) }

func newTable(epoch, logLength uint64) *Table {
	return &Table{
		epoch:     epoch,
		rows:      make(map[wire.Key]wire.Row),
		names:     make(map[string]wire.Key),
		logLength: logLength,
	}
}

// Epoch returns the epoch given to NewTable.
func (t *Table) Epoch() uint64 { return t.epoch }

// Version returns the version of the table: 0 when nothing was ever put.
func (t *Table) Version() uint64 { return t.version }

// Len returns how many rows the table has.
func (t *Table) Len() int { return len(t.rows) }

// Put inserts the row or replaces the one of its key. It reports whether that made
// a new version: a row like the one already there does not. The caller sees to it
// that names are unique.
func (t *Table) Put(row wire.Row) (changed bool) {
	old, exists := t.rows[row.Key]
	if exists && same(old, row) {
		return false
	}
	if exists {
		t.unname(old)
	}
	t.rows[row.Key] = row
	t.names[row.Name] = row.Key
	t.changed(row.Key)
	return true
}

// Remove takes the row of a key out, if there is one.
func (t *Table) Remove(key wire.Key) (changed bool) {
	row, exists := t.rows[key]
	if !exists {
		return false
	}
	delete(t.rows, key)
	t.unname(row)
	t.changed(key)
	return true
}

// Row returns the row of a key.
func (t *Table) Row(key wire.Key) (wire.Row, bool) {
	row, exists := t.rows[key]
	return row, exists
}

// ByName returns the row that was put last under exactly this name.
func (t *Table) ByName(name string) (wire.Row, bool) {
	key, exists := t.names[name]
	if !exists {
		return wire.Row{}, false
	}
	return t.Row(key)
}

// All yields every row, in no particular order. The table must not change
// meanwhile.
func (t *Table) All() iter.Seq[wire.Row] {
	return func(yield func(wire.Row) bool) {
		for _, row := range t.rows {
			if !yield(row) {
				return
			}
		}
	}
}

func (t *Table) unname(row wire.Row) {
	if t.names[row.Name] == row.Key {
		delete(t.names, row.Name)
	}
}

// changed makes the next version.
func (t *Table) changed(key wire.Key) {
	if uint64(len(t.log)) < t.logLength {
		t.log = append(t.log, key)
	} else {
		t.log[t.version%t.logLength] = key
	}
	t.version++
}

// same reports whether two rows tell a peer the same. Times are compared as
// instants: their zones and monotonic readings do not travel.
func same(a, b wire.Row) bool {
	return a.Key == b.Key && a.Name == b.Name && a.Prekey == b.Prekey &&
		a.Online == b.Online && a.Since.Equal(b.Since)
}

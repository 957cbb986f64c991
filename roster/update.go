package roster

import (
	"iter"
	"slices"

	"peerd/wire"
)

// An Update is what a peer needs to hold the table's current version: nothing, the
// rows that differ, or all rows. It is a value of its own: later changes of the
// table do not touch it, and one Update serves every peer that holds the same
// version.
type Update struct {
	Epoch    uint64
	From, To uint64     // From is 0 for a snapshot
	Snapshot bool       // Changed is the whole roster, replacing what the peer holds
	Changed  []wire.Row // inserted or replaced; no key twice, in no particular order
	Removed  []wire.Key // may name keys the peer has never seen
}

// Since returns what a peer needs that holds the given version of the table of the
// given epoch; 0, 0 is a peer that holds nothing.
//
// A snapshot costs a copy of every row, a delta only of the rows that differ.
func (t *Table) Since(epoch, version uint64) Update {
	remembered := t.version - uint64(len(t.log)) // the oldest version the log leads on from
	if epoch != t.epoch || version == 0 || version < remembered || version > t.version {
		return t.snapshot()
	}
	return t.delta(version)
}

func (t *Table) snapshot() Update {
	rows := make([]wire.Row, 0, len(t.rows))
	return Update{Epoch: t.epoch, To: t.version, Snapshot: true, Changed: slices.AppendSeq(rows, t.All())}
}

// delta coalesces: a row changed five times since is in it once, as it is now.
func (t *Table) delta(from uint64) Update {
	update := Update{Epoch: t.epoch, From: from, To: t.version}
	done := make(map[wire.Key]bool, min(t.version-from, uint64(len(t.rows))))
	for version := from; version < t.version; version++ {
		key := t.log[version%t.logLength]
		if done[key] {
			continue
		}
		done[key] = true
		if row, exists := t.rows[key]; exists {
			update.Changed = append(update.Changed, row)
		} else {
			update.Removed = append(update.Removed, key)
		}
	}
	return update
}

// Empty reports whether the peer already holds the current version. The snapshot of
// an empty roster is not empty: the peer may hold rows of another epoch.
func (u Update) Empty() bool { return !u.Snapshot && u.From == u.To }

// Messages yields the update as wire.Snapshot or wire.Delta messages of at most
// wire.MaxRows rows and keys each; nothing when it is Empty. They must reach the
// peer in this order with no other update between them.
func (u Update) Messages() iter.Seq[wire.Message] { return u.messages(wire.MaxRows) }

func (u Update) messages(limit int) iter.Seq[wire.Message] {
	return func(yield func(wire.Message) bool) {
		for more := !u.Empty(); more; {
			var chunk Update
			chunk, u = u.cut(limit)
			more = len(u.Changed)+len(u.Removed) > 0
			if !yield(chunk.message(more)) {
				return
			}
		}
	}
}

// cut splits an update into one of at most limit rows and keys, and the rest.
func (u Update) cut(limit int) (chunk, rest Update) {
	rows := min(limit, len(u.Changed))
	keys := min(limit-rows, len(u.Removed))
	chunk, rest = u, u
	chunk.Changed, rest.Changed = u.Changed[:rows], u.Changed[rows:]
	chunk.Removed, rest.Removed = u.Removed[:keys], u.Removed[keys:]
	return chunk, rest
}

func (u Update) message(more bool) wire.Message {
	if u.Snapshot {
		return wire.Snapshot{Epoch: u.Epoch, Version: u.To, Rows: u.Changed, More: more}
	}
	return wire.Delta{Epoch: u.Epoch, From: u.From, To: u.To, Changed: u.Changed, Removed: u.Removed, More: more}
}

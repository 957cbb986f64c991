package roster

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"peerd/wire"
)

// A header is what all chunks of one update have in common.
type header struct {
	epoch    uint64
	from, to uint64
	snapshot bool
}

// A step is an update in the making: what its chunks have brought so far. It may be
// abandoned at any chunk.
type step struct {
	header
	rows    map[wire.Key]wire.Row
	removed map[wire.Key]bool
}

func newStep(header header) *step {
	return &step{header: header, rows: make(map[wire.Key]wire.Row), removed: make(map[wire.Key]bool)}
}

// add takes what a chunk brings and reports whether the step is within bounds. Of a
// key that comes twice, which no table sends, the later mention counts.
func (s *step) add(rows []wire.Row, removed []wire.Key) bool {
	for _, row := range rows {
		s.rows[row.Key] = row
		delete(s.removed, row.Key)
	}
	for _, key := range removed {
		s.removed[key] = true
		delete(s.rows, key)
	}
	return len(s.rows) <= MaxMembers && len(s.removed) <= MaxMembers
}

// differences returns what the step changes in rows, sorted by name.
func (s *step) differences(rows map[wire.Key]wire.Row) []Change {
	var changes []Change
	for key, after := range s.rows {
		if before, exists := rows[key]; !exists {
			changes = append(changes, Change{Added, after})
		} else if change, differs := compare(before, after); differs {
			changes = append(changes, change)
		}
	}
	for key := range s.gone(rows) {
		if before, exists := rows[key]; exists {
			changes = append(changes, Change{Removed, before})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Row.Name, b.Row.Name), a.Row.Key.Compare(b.Row.Key))
	})
	return changes
}

// gone yields the keys that are not in the roster after the step.
func (s *step) gone(rows map[wire.Key]wire.Row) iter.Seq[wire.Key] {
	if !s.snapshot {
		return maps.Keys(s.removed)
	}
	return func(yield func(wire.Key) bool) {
		for key := range rows {
			if _, stays := s.rows[key]; !stays && !yield(key) {
				return
			}
		}
	}
}

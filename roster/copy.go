package roster

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"peerd/wire"
)

// MaxMembers bounds what a copy holds, 12 MiB of rows: a rogue rendezvous must not
// fill our memory. A rendezvous admits no more members than this.
const MaxMembers = 1 << 16

// ErrOutOfStep is returned for an update that does not follow from what the copy
// holds. The copy goes on showing the rows it had, but its version is 0 of epoch 0:
// the next Hello that says so is answered by a snapshot. The caller reconnects.
var ErrOutOfStep = errors.New("roster update is out of step")

// ErrTooLarge is returned for an update that would exceed MaxMembers. The copy is
// left as after ErrOutOfStep.
var ErrTooLarge = errors.New("roster has too many members")

// A Copy is the roster at a peer: one whole version of the rendezvous' table. The
// zero Copy is empty and asks for everything.
type Copy struct {
	epoch   uint64 // 0: the rows may be shown, but no delta applies to them
	version uint64
	rows    map[wire.Key]wire.Row

	// partial holds the chunks of an update whose end has not arrived, nil between
	// updates. Nothing of it shows.
	partial *step
}

// Restore returns a copy as saved from Epoch, Version and Rows. The rows say who was
// online when they were saved.
func Restore(epoch, version uint64, rows []wire.Row) *Copy {
	c := &Copy{epoch: epoch, version: version, rows: make(map[wire.Key]wire.Row, len(rows))}
	for _, row := range rows {
		c.rows[row.Key] = row
	}
	return c
}

// Epoch returns the epoch of the table the copy follows, for Hello; 0 when any
// update but a snapshot would be of no use.
func (c *Copy) Epoch() uint64 { return c.epoch }

// Version returns the version the copy holds, for Hello.
func (c *Copy) Version() uint64 { return c.version }

// Len returns how many rows the copy has.
func (c *Copy) Len() int { return len(c.rows) }

// Row returns the row of a key.
func (c *Copy) Row(key wire.Key) (wire.Row, bool) {
	row, exists := c.rows[key]
	return row, exists
}

// ByName returns the row with exactly this name. When several have it, which an
// honest rendezvous prevents, it finds none: picking one would let the rendezvous
// choose who gets a message.
func (c *Copy) ByName(name string) (found wire.Row, exists bool) {
	for _, row := range c.rows {
		if row.Name != name {
			continue
		}
		if exists {
			return wire.Row{}, false
		}
		found, exists = row, true
	}
	return found, exists
}

// Rows yields the rows sorted by name, as they are when the iteration begins.
func (c *Copy) Rows() iter.Seq[wire.Row] {
	return func(yield func(wire.Row) bool) {
		sorted := slices.SortedFunc(maps.Values(c.rows), func(a, b wire.Row) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), a.Key.Compare(b.Key))
		})
		for _, row := range sorted {
			if !yield(row) {
				return
			}
		}
	}
}

// DropPartial forgets the chunks of an update that has not arrived whole. Call it
// when the connection ends: the next one begins with an update of its own.
func (c *Copy) DropPartial() { c.partial = nil }

// ApplySnapshot takes one chunk of a snapshot. With the last chunk the copy becomes
// what the snapshot says, and the result is what that changed, sorted by name: on an
// empty copy, every member is Added. Before, there is no result and nothing shows.
// It returns ErrOutOfStep or ErrTooLarge.
func (c *Copy) ApplySnapshot(m wire.Snapshot) ([]Change, error) {
	return c.apply(header{epoch: m.Epoch, to: m.Version, snapshot: true}, m.Rows, nil, m.More)
}

// ApplyDelta takes one chunk of a delta, as ApplySnapshot does. A delta that does not
// start at the copy's version is ErrOutOfStep.
func (c *Copy) ApplyDelta(m wire.Delta) ([]Change, error) {
	if m.Epoch != c.epoch || m.From != c.version || c.epoch == 0 {
		return nil, c.lose(fmt.Errorf("%w: delta of epoch %d from version %d, we hold epoch %d version %d",
			ErrOutOfStep, m.Epoch, m.From, c.epoch, c.version))
	}
	return c.apply(header{epoch: m.Epoch, from: m.From, to: m.To}, m.Changed, m.Removed, m.More)
}

func (c *Copy) apply(chunk header, rows []wire.Row, removed []wire.Key, more bool) ([]Change, error) {
	if c.partial == nil {
		c.partial = newStep(chunk)
	}
	if c.partial.header != chunk {
		return nil, c.lose(fmt.Errorf("%w: version %d of epoch %d breaks off", ErrOutOfStep, c.partial.to, c.partial.epoch))
	}
	if !c.partial.add(rows, removed) {
		return nil, c.lose(ErrTooLarge)
	}
	if more {
		return nil, nil
	}
	return c.finish()
}

// finish makes the step that has arrived whole the copy's version.
func (c *Copy) finish() ([]Change, error) {
	changes := c.partial.differences(c.rows)
	size := len(c.rows)
	for _, change := range changes {
		switch change.Kind {
		case Added:
			size++
		case Removed:
			size--
		}
	}
	if size > MaxMembers {
		return nil, c.lose(ErrTooLarge)
	}
	if c.rows == nil {
		c.rows = make(map[wire.Key]wire.Row, size)
	}
	for _, change := range changes {
		if change.Kind == Removed {
			delete(c.rows, change.Row.Key)
		} else {
			c.rows[change.Row.Key] = change.Row
		}
	}
	c.epoch, c.version, c.partial = c.partial.epoch, c.partial.to, nil
	return changes, nil
}

// lose keeps the rows and forgets which version they are.
func (c *Copy) lose(err error) error {
	c.epoch, c.version, c.partial = 0, 0, nil
	return err
}

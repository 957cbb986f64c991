package roster

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"peerd/wire"
)

// A world is a table, a copy, and the connection between them, on which messages
// travel in order until it is lost with everything on it.
type world struct {
	random *rand.Rand
	table  *Table
	copy   Copy

	// What the copy's user knows: rows made from the announced changes alone.
	announced map[wire.Key]wire.Row

	// history holds the roster at every version of every epoch: what a copy may show.
	history map[[2]uint64]map[wire.Key]wire.Row

	connected  bool
	toldTo     uint64         // the version the connection will have brought
	connection []wire.Message // not yet delivered
}

func newWorld(seed uint64) *world {
	w := &world{
		random:    rand.New(rand.NewPCG(seed, 0)),
		announced: map[wire.Key]wire.Row{},
		history:   map[[2]uint64]map[wire.Key]wire.Row{{0, 0}: {}},
	}
	w.restart()
	return w
}

// step does one thing at random, often enough the things that matter.
func (w *world) step() error {
	switch dice := w.random.IntN(100); {
	case dice < 35:
		w.put()
	case dice < 45:
		w.remove()
	case dice < 60:
		w.push()
	case dice < 85:
		return w.deliver()
	case dice < 90:
		w.lose()
	case dice < 98:
		w.connect()
	default:
		w.restart()
	}
	return nil
}

func (w *world) put() {
	row := member(fmt.Sprint("member ", w.random.IntN(12)), w.random.IntN(2) == 0, w.random.IntN(4))
	row.Prekey.ID = w.random.Uint64N(2)
	w.table.Put(row)
	w.record()
}

func (w *world) remove() {
	w.table.Remove(member(fmt.Sprint("member ", w.random.IntN(12)), false, 0).Key)
	w.record()
}

func (w *world) record() {
	w.history[[2]uint64{w.table.Epoch(), w.table.Version()}] = maps.Clone(w.table.rows)
}

// restart begins a new epoch with some of the members of the one before, as they
// were. Its log is short, so that peers fall out of it.
func (w *world) restart() {
	w.lose()
	before := w.table
	epoch := uint64(1)
	if before != nil {
		epoch = before.Epoch() + 1
	}
	w.table = newTable(epoch, 1+w.random.Uint64N(8))
	w.record()
	if before == nil {
		return
	}
	for row := range before.All() {
		if w.random.IntN(4) > 0 {
			w.table.Put(row)
			w.record()
		}
	}
}

func (w *world) lose() {
	w.connected, w.connection = false, nil
	w.copy.DropPartial()
}

// connect logs in with what the copy holds now.
func (w *world) connect() {
	w.lose()
	w.connected = true
	w.send(w.table.Since(w.copy.Epoch(), w.copy.Version()))
}

// push sends what the peer has not been told, which may overtake its delivery.
func (w *world) push() {
	if w.connected {
		w.send(w.table.Since(w.table.Epoch(), w.toldTo))
	}
}

func (w *world) send(update Update) {
	w.connection = slices.AppendSeq(w.connection, update.messages(1+w.random.IntN(4)))
	w.toldTo = update.To
}

func (w *world) deliver() error {
	if len(w.connection) == 0 {
		return nil
	}
	message := w.connection[0]
	w.connection = w.connection[1:]
	changes, err := apply(&w.copy, message)
	if err != nil {
		return fmt.Errorf("an honest table sent %+v: %w", message, err)
	}
	for _, change := range changes {
		if err := w.announce(change); err != nil {
			return err
		}
	}
	return nil
}

// announce is the user's view: a login of somebody already online is a lie.
func (w *world) announce(change Change) error {
	before, known := w.announced[change.Row.Key]
	after := change.Row
	var honest bool
	switch change.Kind {
	case Added:
		honest = !known
	case Login:
		honest = known && !before.Online && after.Online
	case Logout:
		honest = known && before.Online && !after.Online
	case Changed:
		honest = known && before.Online == after.Online && !same(before, after)
	case Removed:
		honest = known && same(before, after)
		defer delete(w.announced, after.Key)
	}
	if !honest {
		return fmt.Errorf("announced %s of %+v after %+v (known: %v)", change.Kind, after, before, known)
	}
	w.announced[after.Key] = after
	return nil
}

// check holds after every step: the copy shows a roster that has existed, whole, and
// its user has been told all of it.
func (w *world) check() error {
	want, existed := w.history[[2]uint64{w.copy.Epoch(), w.copy.Version()}]
	if !existed {
		return fmt.Errorf("the copy claims version %d of epoch %d", w.copy.Version(), w.copy.Epoch())
	}
	if !maps.EqualFunc(w.copy.rows, want, same) {
		return fmt.Errorf("the copy shows %v, version %d of epoch %d was %v", w.copy.rows, w.copy.Version(), w.copy.Epoch(), want)
	}
	if !maps.EqualFunc(w.announced, want, same) {
		return fmt.Errorf("announced were %v, the copy shows %v", w.announced, want)
	}
	return w.checkTable()
}

// checkTable holds the table to the invariants beside its fields.
func (w *world) checkTable() error {
	for name, key := range w.table.names {
		if row, exists := w.table.rows[key]; !exists || row.Name != name {
			return fmt.Errorf("the name %q leads to %+v", name, row)
		}
	}
	if logged := uint64(len(w.table.log)); logged != min(w.table.version, w.table.logLength) {
		return fmt.Errorf("%d changes are logged of %d, room for %d", logged, w.table.version, w.table.logLength)
	}
	return nil
}

func TestCopyFollowsTheTableThroughEverything(t *testing.T) {
	seeds, steps := 3000, 120
	if testing.Short() {
		seeds = 300
	}
	for seed := range uint64(seeds) {
		w := newWorld(seed)
		for step := range steps {
			err := w.step()
			if err == nil {
				err = w.check()
			}
			if err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
		}
		w.connect()
		for len(w.connection) > 0 {
			if err := w.deliver(); err != nil {
				t.Fatalf("seed %d, at the end: %v", seed, err)
			}
		}
		if err := w.check(); err != nil {
			t.Fatalf("seed %d, at the end: %v", seed, err)
		}
		if w.copy.Epoch() != w.table.Epoch() || w.copy.Version() != w.table.Version() {
			t.Fatalf("seed %d: the copy stopped at version %d of epoch %d, the table is at %d of %d",
				seed, w.copy.Version(), w.copy.Epoch(), w.table.Version(), w.table.Epoch())
		}
	}
}

// Whatever a rogue rendezvous sends, in whatever order, an error is the worst that
// happens: it changes no row, of two with one name neither is found by it, and an
// honest snapshot on the next connection sets all right. What a daemon makes of a rogue
// is tested in package peer.
func FuzzRogueRendezvous(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 0, 2, 1, 1, 2, 0, 3, 1, 2, 1, 1})
	f.Add([]byte{1, 1, 0, 1, 1, 1, 1, 1, 2, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		c := Restore(1, 1, []wire.Row{member("alice", true, 1)})
		for len(script) >= 5 {
			message := rogueMessage([5]byte(script))
			script = script[5:]
			before := maps.Clone(c.rows)
			_, err := apply(c, message)
			if err != nil && c.Epoch() != 0 {
				t.Fatalf("after %v the copy still holds version %d of epoch %d", err, c.Version(), c.Epoch())
			}
			if err != nil && !maps.EqualFunc(before, c.rows, same) {
				t.Fatalf("%v has changed the rows", err)
			}
			wantOneOfEachName(t, c)
		}
		c.DropPartial()
		honest := NewTable(9)
		honest.Put(member("bob", true, 1))
		deliver(t, c, honest.Since(c.Epoch(), c.Version()))
		if !maps.EqualFunc(c.rows, honest.rows, same) {
			t.Fatalf("the copy shows %v", c.rows)
		}
	})
}

// wantOneOfEachName checks that a name leads to the only row that has it, or to none.
func wantOneOfEachName(t *testing.T, c *Copy) {
	t.Helper()
	names := map[string]int{}
	for row := range c.Rows() {
		names[row.Name]++
	}
	for name, count := range names {
		if _, found := c.ByName(name); found != (count == 1) {
			t.Fatalf("%d rows are called %q, found: %v", count, name, found)
		}
	}
}

// rogueMessage makes a message of few possible epochs, versions and keys, so that
// they often meet.
func rogueMessage(b [5]byte) wire.Message {
	epoch, from, to, more := uint64(b[1]%3), uint64(b[2]%4), uint64(b[3]%4), b[0]&2 != 0
	row := member(fmt.Sprint(b[4]%4), b[4]&8 != 0, int(b[4]>>4))
	if b[0]&8 != 0 { // under another's name
		row.Name = "0"
	}
	if b[0]&1 == 0 {
		return wire.Snapshot{Epoch: epoch, Version: to, Rows: []wire.Row{row}, More: more}
	}
	delta := wire.Delta{Epoch: epoch, From: from, To: to, Changed: []wire.Row{row}, More: more}
	if b[0]&4 != 0 {
		delta.Changed, delta.Removed = nil, []wire.Key{row.Key}
	}
	return delta
}

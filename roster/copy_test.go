package roster

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"peerd/wire"
)

func TestCopyNeverPicksBetweenTwoOfOneName(t *testing.T) {
	first, second := member("alice", true, 1), member("alice", true, 1)
	second.Key[0]++
	if _, found := Restore(1, 1, []wire.Row{first, second}).ByName("alice"); found {
		t.Error("the rendezvous could choose who gets a message to alice")
	}
	if row, found := Restore(1, 1, []wire.Row{first}).ByName("alice"); !found || row.Key != first.Key {
		t.Errorf("alice is %v, %v", row.Key, found)
	}
}

func TestRowsAreSortedByName(t *testing.T) {
	c := Restore(1, 1, []wire.Row{member("carol", true, 1), member("alice", false, 1), member("bob", true, 1)})
	var names []string
	for row := range c.Rows() {
		names = append(names, row.Name)
	}
	if !slices.Equal(names, []string{"alice", "bob", "carol"}) {
		t.Errorf("rows are %v", names)
	}
	for range c.Rows() {
		break // a yield after this panics
	}
}

func TestRestoredCopyGoesOnWhereItStopped(t *testing.T) {
	table := NewTable(1)
	table.Put(member("alice", true, 1))
	table.Put(member("bob", true, 1))
	saved := Restore(table.Epoch(), table.Version(), slices.Collect(table.All()))
	table.Put(member("bob", false, 2))

	update := table.Since(saved.Epoch(), saved.Version())
	if update.Snapshot {
		t.Error("the saved version was of no use")
	}
	changes := deliver(t, saved, update)
	if len(changes) != 1 || changes[0].Kind != Logout || changes[0].Row.Name != "bob" {
		t.Errorf("changes %v, want bob's logout", changes)
	}
}

func deliver(t *testing.T, c *Copy, update Update) (changes []Change) {
	t.Helper()
	for message := range update.Messages() {
		var err error
		if changes, err = apply(c, message); err != nil {
			t.Fatal(err)
		}
	}
	return changes
}

func apply(c *Copy, message wire.Message) ([]Change, error) {
	if snapshot, ok := message.(wire.Snapshot); ok {
		return c.ApplySnapshot(snapshot)
	}
	return c.ApplyDelta(message.(wire.Delta))
}

// Each row is a message that does not follow from a copy of epoch 3, version 8, that
// may have received the beginning of an update.
func TestUpdateOutOfStepIsRefusedAndStartsOver(t *testing.T) {
	alice, bob := member("alice", true, 1), member("bob", true, 1)
	for _, test := range []struct {
		proves  string
		begun   wire.Message
		message wire.Message
	}{
		{"a delta from a later version", nil, wire.Delta{Epoch: 3, From: 9, To: 10}},
		{"a delta from an earlier version", nil, wire.Delta{Epoch: 3, From: 7, To: 9}},
		{"a delta of another epoch", nil, wire.Delta{Epoch: 4, From: 8, To: 9}},
		{"a delta inside a snapshot",
			wire.Snapshot{Epoch: 3, Version: 9, Rows: []wire.Row{bob}, More: true}, wire.Delta{Epoch: 3, From: 8, To: 9}},
		{"a snapshot inside a delta",
			wire.Delta{Epoch: 3, From: 8, To: 9, Changed: []wire.Row{bob}, More: true}, wire.Snapshot{Epoch: 3, Version: 9}},
		{"a delta inside another one",
			wire.Delta{Epoch: 3, From: 8, To: 9, Changed: []wire.Row{bob}, More: true}, wire.Delta{Epoch: 3, From: 8, To: 10}},
		{"a snapshot inside another one",
			wire.Snapshot{Epoch: 3, Version: 9, Rows: []wire.Row{bob}, More: true}, wire.Snapshot{Epoch: 3, Version: 10}},
	} {
		t.Run(test.proves, func(t *testing.T) {
			c := Restore(3, 8, []wire.Row{alice})
			if test.begun != nil {
				if changes, err := apply(c, test.begun); err != nil || changes != nil {
					t.Fatal(changes, err)
				}
			}
			if changes, err := apply(c, test.message); !errors.Is(err, ErrOutOfStep) || changes != nil {
				t.Fatalf("got %v, %v, want ErrOutOfStep", changes, err)
			}
			if row, found := c.Row(alice.Key); !found || c.Len() != 1 || !same(row, alice) {
				t.Error("the copy does not go on showing what it had")
			}
			if c.Epoch() != 0 || c.Version() != 0 {
				t.Errorf("the next Hello would ask for what follows epoch %d version %d, not for everything", c.Epoch(), c.Version())
			}
			if _, err := c.ApplyDelta(wire.Delta{Epoch: 3, From: 8, To: 9}); !errors.Is(err, ErrOutOfStep) {
				t.Errorf("a delta after the loss: %v", err)
			}
			if changes, err := c.ApplySnapshot(wire.Snapshot{Epoch: 3, Version: 9, Rows: []wire.Row{alice, bob}}); err != nil || len(changes) != 1 {
				t.Errorf("the snapshot that follows: %v, %v; want bob added", changes, err)
			}
		})
	}
}

func TestEndlessUpdatesDoNotFillOurMemory(t *testing.T) {
	full := make([]wire.Row, MaxMembers)
	for n := range full {
		full[n] = member(fmt.Sprint(n), false, 0)
	}
	beyond := []wire.Row{member("one more", false, 0)}
	for _, test := range []struct {
		proves   string
		messages []wire.Message
	}{
		{"a snapshot that goes on and on", []wire.Message{
			wire.Snapshot{Epoch: 1, Version: 1, Rows: full, More: true},
			wire.Snapshot{Epoch: 1, Version: 1, Rows: beyond, More: true}}},
		{"a delta that adds to a full roster", []wire.Message{
			wire.Snapshot{Epoch: 1, Version: 1, Rows: full},
			wire.Delta{Epoch: 1, From: 1, To: 2, Changed: beyond}}},
		{"a delta that removes without end", []wire.Message{
			wire.Snapshot{Epoch: 1, Version: 1},
			wire.Delta{Epoch: 1, From: 1, To: 2, Removed: keysOf(full), More: true},
			wire.Delta{Epoch: 1, From: 1, To: 2, Removed: keysOf(beyond), More: true}}},
	} {
		t.Run(test.proves, func(t *testing.T) {
			var c Copy
			last := len(test.messages) - 1
			for _, message := range test.messages[:last] {
				if _, err := apply(&c, message); err != nil {
					t.Fatalf("at the limit: %v", err)
				}
			}
			if _, err := apply(&c, test.messages[last]); !errors.Is(err, ErrTooLarge) {
				t.Errorf("beyond the limit: %v, want ErrTooLarge", err)
			}
			if c.Len() > MaxMembers || c.partial != nil {
				t.Errorf("the copy holds %d rows and a partial update", c.Len())
			}
		})
	}
}

func keysOf(rows []wire.Row) []wire.Key {
	var keys []wire.Key
	for _, row := range rows {
		keys = append(keys, row.Key)
	}
	return keys
}

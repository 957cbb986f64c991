package roster

import (
	"fmt"
	"slices"
	"testing"

	"peerd/wire"
)

func TestSinceSendsTheLeastThatServes(t *testing.T) {
	const remembered = 4
	table := newTable(5, remembered)
	for since := range 10 {
		table.Put(member("alice", true, since))
	} // version 10, of which 6→10 are remembered
	for _, test := range []struct {
		proves         string
		epoch, version uint64
		want           string
	}{
		{"nothing to one who is up to date", 5, 10, "nothing"},
		{"a delta for the last change", 5, 9, "delta 9→10"},
		{"a delta for the oldest remembered change", 5, 6, "delta 6→10"},
		{"a snapshot for one change more", 5, 5, "snapshot 10"},
		{"a snapshot to a newcomer", 0, 0, "snapshot 10"},
		{"a snapshot to one who starts over", 5, 0, "snapshot 10"},
		{"a snapshot to one from another epoch", 4, 10, "snapshot 10"},
		{"a snapshot to one who is ahead of us", 5, 11, "snapshot 10"},
		{"a snapshot to one with an absurd version", 5, 1<<64 - 1, "snapshot 10"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			if got := describe(table.Since(test.epoch, test.version)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func describe(u Update) string {
	switch {
	case u.Empty():
		return "nothing"
	case u.Snapshot:
		return fmt.Sprintf("snapshot %d", u.To)
	}
	return fmt.Sprintf("delta %d→%d", u.From, u.To)
}

func TestDeltaHoldsEveryKeyOnceAsItIsNow(t *testing.T) {
	table := NewTable(1)
	table.Put(member("alice", false, 0))
	table.Put(member("bob", false, 0))
	from := table.Version()
	for since := range 5 {
		table.Put(member("alice", since%2 == 0, since+1))
	}
	table.Remove(member("bob", false, 0).Key)
	table.Put(member("carol", true, 1)) // comes and goes
	table.Remove(member("carol", true, 1).Key)

	update := table.Since(1, from)
	if len(update.Changed) != 1 || !same(update.Changed[0], member("alice", true, 5)) {
		t.Errorf("changed %v, want alice as of her fifth change", update.Changed)
	}
	want := []wire.Key{member("bob", false, 0).Key, member("carol", true, 1).Key}
	if !slices.Equal(update.Removed, want) {
		t.Errorf("removed %v, want bob and carol", update.Removed)
	}
}

func TestUpdateOutlivesLaterChanges(t *testing.T) {
	table := NewTable(1)
	table.Put(member("alice", true, 1))
	update := table.Since(0, 0)
	table.Put(member("alice", false, 2))
	if !update.Changed[0].Online {
		t.Error("the table wrote into an update it had given away")
	}
}

// Chunks at wire's own limit, as both ends really encode and decode them.
func TestLongUpdatesTravelInFramesThatWireAccepts(t *testing.T) {
	const members = 3*wire.MaxRows + 17
	table := NewTable(1)
	for n := range members {
		table.Put(member(fmt.Sprint("member ", n), true, n))
	}
	from := table.Version()
	for n := range members {
		if n%2 == 0 {
			table.Put(member(fmt.Sprint("member ", n), false, n+1))
		} else {
			table.Remove(member(fmt.Sprint("member ", n), true, n).Key)
		}
	}
	for _, test := range []struct {
		proves string
		update Update
		chunks int
	}{
		{"a delta", table.Since(1, from), 4},
		{"a snapshot", table.Since(0, 0), 2},
		{"the snapshot of an empty roster", NewTable(1).Since(0, 0), 1},
		{"nothing", table.Since(1, table.Version()), 0},
	} {
		t.Run(test.proves, func(t *testing.T) {
			var chunks, items int
			for message := range test.update.Messages() {
				if chunks++; more(message) != (chunks < test.chunks) {
					t.Errorf("chunk %d of %d: more is %v", chunks, test.chunks, more(message))
				}
				items += transmit(t, message)
			}
			if want := len(test.update.Changed) + len(test.update.Removed); chunks != test.chunks || items != want {
				t.Errorf("%d chunks with %d items, want %d with %d", chunks, items, test.chunks, want)
			}
		})
	}
}

func more(message wire.Message) bool {
	switch m := message.(type) {
	case wire.Snapshot:
		return m.More
	case wire.Delta:
		return m.More
	}
	return false
}

// transmit encodes and decodes a message and returns how many rows and keys arrive.
func transmit(t *testing.T, message wire.Message) int {
	t.Helper()
	body, err := message.AppendBody(nil)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := wire.Parse(message.Kind(), body)
	if err != nil {
		t.Fatal(err)
	}
	switch m := parsed.(type) {
	case wire.Snapshot:
		return len(m.Rows)
	case wire.Delta:
		return len(m.Changed) + len(m.Removed)
	}
	t.Fatalf("a %T arrived", parsed)
	return 0
}

func TestMessagesStopWhenAsked(t *testing.T) {
	table := NewTable(1)
	table.Put(member("alice", true, 1))
	table.Put(member("bob", true, 1))
	for range table.Since(0, 0).messages(1) {
		break // a yield after this panics
	}
}

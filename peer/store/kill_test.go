package store

import (
	"errors"
	"math/rand/v2"
	"testing"

	"peerd/wire"
)

// TestNothingConfirmedIsLostWhenTheProcessIsKilled kills a child at a random
// moment, over and over in the same directory, and looks for every message that
// any of them has confirmed.
func TestNothingConfirmedIsLostWhenTheProcessIsKilled(t *testing.T) {
	const rounds = 20
	dir := t.TempDir()
	confirmed := make(map[wire.MessageID]bool)
	for range rounds {
		cmd, lines := startChild(t, "accept", dir)
		killAfter := 1 + rand.IntN(200)
		for n := 0; lines.Scan(); n++ {
			if id, err := wire.ParseMessageID(lines.Text()); err == nil { // a line that was cut short confirms nothing
				confirmed[id] = true
			}
			if n == killAfter {
				check(t, cmd.Process.Kill())
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		checkConfirmed(t, dir, confirmed)
	}
	t.Logf("%d messages confirmed in %d rounds", len(confirmed), rounds)
}

func checkConfirmed(t *testing.T, dir string, confirmed map[wire.MessageID]bool) {
	t.Helper()
	s, err := Open(dir) // also runs SQLite's own check
	check(t, err)
	defer s.Close()
	all, err := s.Messages(t.Context(), Filter{})
	check(t, err)
	stored := make(map[wire.MessageID]int)
	lastSeq := make(map[wire.Key]uint64)
	for _, m := range all {
		stored[m.ID]++
		if m.Outgoing {
			if m.Seq != lastSeq[m.Peer]+1 {
				t.Errorf("sequence %d follows %d", m.Seq, lastSeq[m.Peer])
			}
			lastSeq[m.Peer] = m.Seq
		}
	}
	for id := range confirmed {
		if stored[id] != 1 {
			t.Errorf("message %s was confirmed and is stored %d times", id, stored[id])
		}
	}
}

func TestDirectoryOfAnotherProcessIsRefusedUntilItDies(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := startChild(t, "hold", dir)
	if !lines.Scan() || lines.Text() != "open" {
		t.Fatalf("the child said %q", lines.Text())
	}
	_, err := Open(dir)
	if inUse, ok := errors.AsType[*InUseError](err); !ok || inUse.Dir != dir {
		t.Errorf("got %v, want an InUseError for %s", err, dir)
	}
	check(t, cmd.Process.Kill())
	cmd.Wait()
	reopen(t, dir)
}

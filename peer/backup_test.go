package peer

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/peer/backup"
)

// TestTalkGoesOnAfterRestore backs up a daemon while both sides write, lets it
// write on, and restores the backup elsewhere: an old one, then. Both go on to
// talk; nothing comes twice, and what bob had not acknowledged arrives.
func TestTalkGoesOnAfterRestore(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.joinAt("bob", t.TempDir())
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.send(alice, "bob", "first")
	var archive bytes.Buffer
	c.underLoad(alice, bob, func() {
		if err := bob.Backup(c.guard(), &archive); err != nil {
			t.Fatal(err)
		}
	})
	// What the backup does not know of: read, and with sequences of its own.
	lost := c.send(bob, "alice", "after the backup")
	c.reads(alice, "bob")
	c.awaitState(bob, lost.ID, api.StateRead)
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	waiting, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "while he was gone"})
	if err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	restored, err := backup.Restore(t.Context(), &archive, dir, false, time.Now())
	if err != nil || restored.Key != bob.Key().String() || restored.Name != "bob" {
		t.Fatalf("restored %+v, %v", restored, err)
	}
	again := c.joinAt("", dir)
	if again.Key() != bob.Key() || again.ownName() != "bob" {
		t.Fatalf("restored as %s %s", again.ownName(), again.Key())
	}
	c.awaitState(alice, waiting.ID, api.StateDelivered)
	c.knows(again, "alice")
	fresh := c.send(again, "alice", "I am back")
	if _, err := alice.Ping(c.guard(), "bob"); err != nil { // after her word of what she has read
		t.Fatal(err)
	}
	if state := c.state(again, fresh.ID); state != api.StateDelivered {
		t.Errorf("a message nobody has read yet is %s: its sequence was used before", state)
	}
	c.send(alice, "bob", "welcome back")

	noneTwice(t, alice, "bob")
	noneTwice(t, again, "alice")
	if got := texts(t, again, "alice"); !slices.Contains(got, "first") || !slices.Contains(got, "while he was gone") || got[len(got)-1] != "welcome back" {
		t.Errorf("bob has %q", got)
	}
	if got := texts(t, alice, "bob"); got[len(got)-1] != "I am back" {
		t.Errorf("alice has %q", got)
	}
}

// underLoad runs act while two daemons write to each other.
func (c *circle) underLoad(a, b *Daemon, act func()) {
	ctx, cancel := context.WithCancel(c.guard())
	var writers sync.WaitGroup
	started := make(chan struct{}, 2)
	for from, to := range map[*Daemon]*Daemon{a: b, b: a} {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				sent, err := from.Send(context.Background(), api.SendRequest{To: to.ownName(), Text: fmt.Sprint("load ", i)})
				if err != nil {
					c.t.Errorf("send under load: %v", err)
					return
				}
				if i == 20 {
					started <- struct{}{}
				}
				if i%20 == 0 {
					c.awaitState(from, sent.ID, api.StateDelivered)
				}
			}
		})
	}
	<-started
	<-started
	act()
	cancel()
	writers.Wait()
}

// noneTwice fails if a message was stored twice.
func noneTwice(t *testing.T, d *Daemon, from string) {
	t.Helper()
	rows, err := d.Read(t.Context(), api.ReadRequest{From: from})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, row := range rows {
		if seen[row.ID] {
			t.Errorf("%q came twice", row.Text)
		}
		seen[row.ID] = true
	}
}

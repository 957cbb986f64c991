package peer

import (
	"testing"

	"peerd/peer/api"
)

// reads makes a daemon read everything from a peer, and pings the peer so that
// whatever is told of it has arrived.
func (c *circle) reads(d *Daemon, from string) {
	c.t.Helper()
	rows, err := d.Read(c.guard(), api.ReadRequest{From: from})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := d.MarkRead(c.guard(), api.ReadMark{UpTo: rows[len(rows)-1].ID, Receipt: true}); err != nil {
		c.t.Fatal(err)
	}
	if _, err := d.Ping(c.guard(), from); err != nil { // on the same stream
		c.t.Fatal(err)
	}
}

func (c *circle) receipts(d *Daemon, peer string, receipts api.Receipts) {
	c.t.Helper()
	if _, err := d.SetReadReceipts(c.guard(), api.ReadReceiptsRequest{Name: peer, Receipts: receipts}); err != nil {
		c.t.Fatal(err)
	}
}

// state is how far a message of ours is known to have come.
func (c *circle) state(d *Daemon, id string) api.State {
	c.t.Helper()
	sent, err := d.WaitMessage(c.guard(), id, api.StateQueued)
	if err != nil {
		c.t.Fatal(err)
	}
	return sent.State
}

func TestReadIsToldToWhomTheUserWants(t *testing.T) {
	for name, step := range map[string]struct {
		set  func(c *circle, bob *Daemon)
		want api.State
	}{
		"everybody, at first":    {func(*circle, *Daemon) {}, api.StateRead},
		"nobody":                 {func(c *circle, bob *Daemon) { c.receipts(bob, "", api.ReceiptsOff) }, api.StateDelivered},
		"everybody but this one": {func(c *circle, bob *Daemon) { c.receipts(bob, "alice", api.ReceiptsOff) }, api.StateDelivered},
		"nobody but this one": {func(c *circle, bob *Daemon) {
			c.receipts(bob, "", api.ReceiptsOff)
			c.receipts(bob, "alice", api.ReceiptsOn)
		}, api.StateRead},
		"nobody, this one included again": {func(c *circle, bob *Daemon) {
			c.receipts(bob, "alice", api.ReceiptsOn)
			c.receipts(bob, "", api.ReceiptsOff)
			c.receipts(bob, "alice", api.ReceiptsDefault)
		}, api.StateDelivered},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCircle(t)
			alice, bob := c.join("alice"), c.join("bob")
			c.knows(alice, "bob")
			c.knows(bob, "alice")
			step.set(c, bob)
			sent := c.send(alice, "bob", "hello")
			c.reads(bob, "alice")
			c.awaitState(alice, sent.ID, step.want)
			if got := c.state(alice, sent.ID); got != step.want {
				t.Errorf("alice knows of her message: %s, want %s", got, step.want)
			}
			if unread, err := bob.Read(t.Context(), api.ReadRequest{Unread: true}); len(unread) > 0 || err != nil {
				t.Errorf("bob's own mark is missing: %+v, %v", unread, err)
			}
		})
	}
}

func TestReceiptsStayOffAfterARestart(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.joinAt("bob", dir)
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	sent := c.send(alice, "bob", "hello")
	c.receipts(bob, "", api.ReceiptsOff)
	c.reads(bob, "alice")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	bob = c.joinAt("bob", dir)
	rows, err := bob.ReadReceipts(t.Context())
	if err != nil || len(rows) != 1 || rows[0].Receipts != api.ReceiptsOff {
		t.Errorf("after a restart receipts are %+v, %v", rows, err)
	}
	c.knows(bob, "alice")
	if _, err := bob.Ping(c.guard(), "alice"); err != nil { // a new session, which announces what may be
		t.Fatal(err)
	}
	if got := c.state(alice, sent.ID); got != api.StateDelivered {
		t.Errorf("alice knows of her message: %s", got)
	}
}

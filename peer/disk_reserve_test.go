package peer

import (
	"sync/atomic"
	"testing"

	"peerd/peer/api"
)

// TestT13FloodOfMessagesLeavesRoomOnTheDisk has a member send to somebody whose disk
// is nearly full: the message waits at its sender, and comes when there is room.
func TestT13FloodOfMessagesLeavesRoomOnTheDisk(t *testing.T) {
	c := newCircle(t)
	var free atomic.Uint64
	free.Store(messageReserve - 1)
	c.diskSpace = func(string) (uint64, uint64, error) { return free.Load(), 1 << 40, nil }
	alice := c.join("alice")
	c.diskSpace = nil
	bob := c.join("bob")
	c.knows(bob, "alice")
	c.knows(alice, "bob")

	sent, err := bob.Send(c.guard(), api.SendRequest{To: "alice", Text: "one of very many"})
	if err != nil {
		t.Fatal(err)
	}
	c.awaitState(bob, sent.ID, api.StateSent)
	c.awaitPath(bob, "alice", api.PathDirect)
	if got := texts(t, alice, "bob"); len(got) != 0 {
		t.Fatalf("alice's disk took %q of its reserve", got)
	}
	if _, err := alice.Send(c.guard(), api.SendRequest{To: "bob", Text: "the reserve is for me"}); err != nil {
		t.Errorf("alice cannot send: %v", err)
	}
	free.Store(messageReserve)
	c.awaitState(bob, sent.ID, api.StateDelivered)
	if got := texts(t, alice, "bob"); len(got) != 1 {
		t.Errorf("alice has %q, want the one message", got)
	}
}

func TestSmallDisksAreUsedNearlyToTheEnd(t *testing.T) {
	alice := newBrokenDisk(t)
	for name, test := range map[string]struct {
		free, size uint64
		room       bool
	}{
		"a disk of 64 MiB with a tenth free":        {6 << 20, 64 << 20, true},
		"a disk of 64 MiB with a hundredth free":    {640 << 10, 64 << 20, false},
		"a large disk with a hundredth free":        {10 << 30, 1 << 40, true},
		"a large disk with less than the reserve":   {messageReserve - 1, 1 << 40, false},
		"a file system that does not tell its size": {0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			alice.config.DiskSpace = func(string) (uint64, uint64, error) { return test.free, test.size, nil }
			if err := alice.roomForMessages(); (err == nil) != test.room {
				t.Errorf("%v, want room %t", err, test.room)
			}
		})
	}
}

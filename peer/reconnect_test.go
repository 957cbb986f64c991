package peer

import (
	"runtime"
	"testing"

	"peerd/peer/api"
)

// TestReconnectsLeaveNoGoroutine proves that what a login starts ends with its
// connection, also for daemons that have a session with each other.
func TestReconnectsLeaveNoGoroutine(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	c.awaitPath(bob, "alice", api.PathDirect)
	reconnect := func() {
		for _, d := range []*Daemon{alice, bob} {
			broken := d.currentControl()
			d.dropControl()
			c.await("it is logged in again", func() bool {
				now := d.currentControl()
				return now != nil && now != broken
			})
		}
	}
	reconnect()
	few := settledGoroutines(c)
	for range 10 {
		reconnect()
	}
	c.await("no goroutine is left of ten reconnects", func() bool { return runtime.NumGoroutine() <= few })
}

// settledGoroutines returns how many goroutines there are once their number has
// not changed for a while: some of a login end, and some begin, after it is done.
func settledGoroutines(c *circle) int {
	settled, looks := runtime.NumGoroutine(), 0
	c.await("goroutines of the login have begun and ended", func() bool {
		looks++
		if n := runtime.NumGoroutine(); n != settled {
			settled, looks = n, 0
		}
		return looks > 100
	})
	return settled
}

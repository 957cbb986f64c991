package netwatch

import "time"

// times are readings of two clocks at one moment. Their zero points mean
// nothing.
type times struct {
	// awake is the monotonic clock, which rests while the host sleeps.
	awake time.Duration
	// always is a clock that does not.
	always time.Duration
}

// clock finds out how long the host, or this process, has not run. It belongs
// to one goroutine.
type clock struct {
	read func() times
	last times
}

func newClock(read func() times) *clock { return &clock{read: read, last: read()} }

// missing returns how much more time has passed than clockInterval since the
// last call. A process that was stopped misses time of both clocks, a host that
// slept only of the one that always runs.
func (c *clock) missing() time.Duration {
	now := c.read()
	passed := max(now.awake-c.last.awake, now.always-c.last.always)
	c.last = now
	return passed - clockInterval
}

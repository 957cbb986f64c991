package punch

import "time"

// A path may pass probes and swallow data: somewhere on it a link takes smaller
// packets than it should, and nobody says so (a black hole, RFC 8899 section 1).
// So what data depends on is asked with full probes, as large as its packets:
//
//	a path in use, while data flows      a full heartbeat each fullInterval
//	a full probe has not been answered   only full ones to that candidate
//	a path was given up                  no candidate is used before it has
//	                                     answered one
//
// The first path of all is used as soon as it answers a small one: black holes
// are rare, a round trip is dear, and the heartbeats follow. An idle path has
// small probes. Each side asks about its own direction: replies are small.

// fullInterval is the time between full probes on an active path. Longer leaves
// data in a black hole for longer before it goes both ways; shorter costs slow
// uplinks more than the 10 kbit/s that it takes.
const fullInterval = time.Second

// wantsFull reports whether the next probe to c is a full one.
func (e *Engine) wantsFull(now time.Time, c *candidate) bool {
	alternative := c.validated && !e.monitor.doubtSince.IsZero()
	matters := c == e.monitor.current || alternative
	return c.owesFull || matters && e.isActive(now) && now.Sub(c.fullAt) >= fullInterval
}

// isActive reports whether data flows.
func (e *Engine) isActive(now time.Time) bool {
	return !e.lastSent.IsZero() && now.Before(e.lastSent.Add(activeFor))
}

// mustProveMore reports whether a reply of c proves too little to use it, and
// sees to it that more is asked.
func (e *Engine) mustProveMore(now time.Time, c *candidate, full bool) bool {
	if full {
		c.owesFull, c.fullAt, e.cautious = false, now, false
		return false
	}
	if e.cautious && !c.owesFull {
		c.owesFull, c.volley = true, volley{start: now}
	}
	return c.owesFull
}

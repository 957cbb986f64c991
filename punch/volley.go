package punch

import "time"

// volleyOffsets are the shots of a volley, counted from the agreed instant.
// The first four come close together because the first shot may reach the
// peer's router before the peer's own shot has opened it, or be lost: at 20 %
// loss each way all four fail once in 60 tries. The later ones wait for slow
// routers. Eight shots at wire.MaxCandidates candidates are 64 packets, the
// most that one introduction may make us send to strangers (threat T2).
var volleyOffsets = [...]time.Duration{
	0,
	20 * time.Millisecond,
	50 * time.Millisecond,
	100 * time.Millisecond,
	250 * time.Millisecond,
	500 * time.Millisecond,
	1000 * time.Millisecond,
	2000 * time.Millisecond,
}

// A volley is a series of probes at one candidate. The zero volley is over
// before it began.
type volley struct {
	start time.Time
	fired int // shots fired or passed over
}

// next returns when the next shot is due, or zero when there is none.
func (v *volley) next() time.Time {
	if v.start.IsZero() || v.fired >= len(volleyOffsets) {
		return time.Time{}
	}
	return v.start.Add(volleyOffsets[v.fired])
}

// fire reports whether a shot is due. Shots that a late clock missed are
// passed over: two probes at the same instant tell no more than one.
func (v *volley) fire(now time.Time) bool {
	due := false
	for at := v.next(); !at.IsZero() && !at.After(now); at = v.next() {
		v.fired++
		due = true
	}
	return due
}

// fireVolleys sends the shots that are due. A candidate that has answered
// needs no more of them.
func (e *Engine) fireVolleys(now time.Time) {
	for _, c := range e.checks.candidates {
		if c.validated {
			continue
		}
		if c.volley.fire(now) {
			e.probeWithTTL(now, c, e.volleyTTL(c))
		}
	}
}

// volleyTTL is that of the shot just fired: an opener's where the peer's router
// must not see us first. The last shot goes all the way, in case the TTL was
// measured wrongly, and so do all where the peer was heard: on the path in use,
// and where a full probe is owed.
func (e *Engine) volleyTTL(c *candidate) int {
	heard := c == e.monitor.current || c.owesFull
	if e.search.opens(c.kind) && c.volley.fired < len(volleyOffsets) && !heard {
		return e.search.in.OpenerTTL
	}
	return 0
}

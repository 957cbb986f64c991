package punch

import (
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

// While the rendezvous cannot introduce us, a pair that has lost its path meets
// at the endpoints it knows, in slots of time that both sides can tell by the
// clock: at every full quarter of a minute, later at every full minute, then
// every ten. The slots of the slower rhythms are among those of the faster
// ones, so that two sides that began at different times still meet. A volley is
// 2 s long, which is how far the two clocks may be apart.
//
// They meet only at addresses where the peer has answered before: an endpoint that
// the rendezvous alone has named may be a stranger's, who must not get a volley in
// every slot of a day (threat T2).
const (
	// reunionAfter is how long an introduction is waited for first.
	reunionAfter = 3 * time.Second
	// maxHomes bounds the addresses that are remembered: the peer's in its last
	// networks.
	maxHomes = 4
)

// reunionRhythms are the distances of the slots, and until when each holds,
// counted from the loss. An outage of a day is over within a minute for messages
// that wait; then they bound what a pair costs whose rendezvous never comes back: a
// volley every ten minutes.
var reunionRhythms = [...]struct{ every, until time.Duration }{
	{15 * time.Second, 10 * time.Minute},
	{time.Minute, 24 * time.Hour},
	{10 * time.Minute, 1 << 62},
}

// homes are the addresses at which the peer has answered, the latest last.
type homes []netip.Addr

// add remembers an address, in place of the oldest of too many.
func (h *homes) add(addr netip.Addr) {
	if slices.Contains(*h, addr) {
		return
	}
	if len(*h) == maxHomes {
		*h = slices.Delete(*h, 0, 1)
	}
	*h = append(*h, addr)
}

// reunion is the state of it. The zero reunion is not needed.
type reunion struct {
	// since is when an introduction was first asked for in vain.
	since time.Time
	// slot is the next one.
	slot time.Time
}

// asked notes that an introduction was asked for.
func (r *reunion) asked(now time.Time) {
	if r.since.IsZero() {
		r.since = now
		r.slot = nextSlot(now.Add(reunionAfter), reunionRhythms[0].every)
	}
}

// nextSlot returns the first multiple of every, by the wall clock, after now.
func nextSlot(now time.Time, every time.Duration) time.Time {
	wait := every - time.Duration(now.UnixNano()%int64(every))
	return now.Add(wait)
}

// meetAgain fires a volley in every slot.
func (e *Engine) meetAgain(now time.Time) {
	r := &e.reunion
	if e.isDirect() {
		*r = reunion{}
	}
	if r.slot.IsZero() || r.slot.After(now) {
		return
	}
	for _, c := range e.checks.candidates {
		if c.rtt > 0 || c.kind == wire.CandidateObserved && slices.Contains(e.homes, c.to.Addr()) {
			c.volley = volley{start: now}
			line := e.entry(StrategyReunion, c.to)
			line.Kind = c.kind
		}
	}
	r.slot = nextSlot(now, r.rhythm(now))
}

func (r *reunion) rhythm(now time.Time) time.Duration {
	for _, rhythm := range reunionRhythms {
		if now.Sub(r.since) < rhythm.until {
			return rhythm.every
		}
	}
	return reunionRhythms[len(reunionRhythms)-1].every
}

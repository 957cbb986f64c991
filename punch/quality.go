package punch

import (
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

// A direct path that works and loses much is worse than a relay that does not.
// The probes on the path tell how much is lost on the way there and back; once
// it is suspicious, the same is asked of the relay. The thresholds are far
// apart, and a decision stands for a while, so that a link that is merely bad
// does not make the path flap. Each side decides about what it sends itself.
const (
	// qualityWindow is how many of the last probes a return is judged by: 20 s of
	// an active session. A shorter one takes a lucky moment for a cure.
	qualityWindow = 64
	// leaveWindow is how many of them a leave is judged by: 10 s.
	leaveWindow = 32
	// leastOutcomes is how many are needed to judge at all: 5 s.
	leastOutcomes = 16
	// suspiciousLoss has the relay probed too.
	suspiciousLoss = 0.05
	// leaveLoss is the loss beyond which a direct path is left, if the relay
	// loses a third of it at most. TCP and QUIC crawl at less.
	leaveLoss = 0.10
	// returnLoss is the loss at which the direct path is good again: one probe
	// of the window.
	returnLoss = 0.02
	// dwell is how long a decision stands at least. Each leave doubles the time
	// that the relay is then kept, up to longestDwell, until the direct path has
	// been good for forgiveAfter: what is bad again and again is not tried again
	// and again.
	dwell        = 10 * time.Second
	longestDwell = 5 * time.Minute
	forgiveAfter = 10 * time.Minute
)

// overRelay is the route through the relay. It has no endpoint.
var overRelay = route{}

// nowhere is what a reply says when its probe came through the relay and was
// seen at no endpoint: the discard prefix (RFC 6666).
var nowhere = netip.AddrPortFrom(netip.AddrFrom16([16]byte{0: 1, 15: 1}), 9)

// quality compares the direct path with the relay.
type quality struct {
	// way is the direct path that is meant.
	way           route
	direct, relay outcomes
	// avoiding is set while the relay is preferred to a direct path that works.
	avoiding bool
	// decided is when avoiding last changed, and stands how long that stands.
	decided time.Time
	stands  time.Duration
	// probedRelay is when the relay was last probed.
	probedRelay time.Time
}

// outcomes are those of the last probes on one way.
type outcomes struct {
	pending []pendingProbe // oldest first
	// lost has a bit for each of the last count probes, the latest lowest.
	lost  uint64
	count int
}

type pendingProbe struct {
	id wire.TransactionID
	at time.Time
}

func (o *outcomes) sent(id wire.TransactionID, now time.Time) {
	if len(o.pending) < qualityWindow {
		o.pending = append(o.pending, pendingProbe{id, now})
	}
}

// answered notes a reply; one that comes too late counts as lost already.
func (o *outcomes) answered(id wire.TransactionID) {
	i := slices.IndexFunc(o.pending, func(p pendingProbe) bool { return p.id == id })
	if i >= 0 {
		o.pending = slices.Delete(o.pending, i, i+1)
		o.note(0)
	}
}

// expire counts the probes as lost that are older than patience.
func (o *outcomes) expire(now time.Time, patience time.Duration) {
	for len(o.pending) > 0 && now.Sub(o.pending[0].at) > patience {
		o.pending = o.pending[1:]
		o.note(1)
	}
}

func (o *outcomes) note(lost uint64) {
	o.lost = o.lost<<1 | lost
	o.count = min(o.count+1, qualityWindow)
}

// loss is the share that was lost of the last probes, window of them or as many
// as there are.
func (o *outcomes) loss(window int) float64 {
	window = min(window, o.count)
	if window == 0 {
		return 0
	}
	return float64(bits.OnesCount64(o.lost<<(64-window))) / float64(window)
}

// measured notes a probe on one of the two ways.
func (e *Engine) measured(way route, id wire.TransactionID, now time.Time) {
	switch way {
	case overRelay:
		e.quality.relay.sent(id, now)
	case e.quality.way:
		e.quality.direct.sent(id, now)
	}
}

// weigh compares the two ways, and decides.
func (e *Engine) weigh(now time.Time) {
	q, c := &e.quality, e.monitor.current
	if c == nil {
		*q = quality{}
		return
	}
	if q.way != c.route {
		*q = quality{way: c.route}
	}
	q.direct.expire(now, lostAfter(c.rtt))
	q.relay.expire(now, lostAfter(2*c.rtt))
	if at := e.relayProbeAt(); !at.IsZero() && !at.After(now) {
		q.probedRelay = now
		e.sendProbe(now, overRelay, false, 0)
	}
	if q.direct.count < leastOutcomes || q.relay.count < leastOutcomes {
		return
	}
	if q.avoiding {
		e.returnToDirect(now)
	} else {
		e.leaveForRelay(now)
	}
}

func (e *Engine) leaveForRelay(now time.Time) {
	q := &e.quality
	direct, relay := q.direct.loss(leaveWindow), q.relay.loss(leaveWindow)
	if now.Sub(q.decided) < dwell || direct < leaveLoss || relay > direct/3 {
		return
	}
	if now.Sub(q.decided) > forgiveAfter {
		q.stands = 0
	}
	q.avoiding, q.decided = true, now
	q.stands = min(max(dwell, 2*q.stands), longestDwell)
}

func (e *Engine) returnToDirect(now time.Time) {
	q := &e.quality
	direct, relay := q.direct.loss(qualityWindow), q.relay.loss(leaveWindow)
	healed := direct <= returnLoss && now.Sub(q.decided) >= q.stands
	if worse := relay >= direct && relay > 0; healed || worse && now.Sub(q.decided) >= dwell {
		q.avoiding, q.decided = false, now
	}
}

// lostAfter is how long a reply may take before its probe counts as lost.
func lostAfter(rtt time.Duration) time.Duration { return 2*rtt + TrustFor }

// relayProbeAt returns when to probe the relay next: as often as the direct
// path, while data flows and there is a doubt about which way is better.
func (e *Engine) relayProbeAt() time.Time {
	q, c := &e.quality, e.monitor.current
	if c == nil || e.lastSent.IsZero() || q.direct.count < leastOutcomes || !q.avoiding && q.direct.loss(leaveWindow) < suspiciousLoss {
		return time.Time{}
	}
	at := q.probedRelay.Add(heartbeatInterval)
	if at.After(e.lastSent.Add(activeFor)) {
		return time.Time{}
	}
	return at
}

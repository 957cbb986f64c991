package punch

import (
	"time"

	"peerd/wire"
)

// How a direct path in use is watched. Together they send data both ways at most
// 0.45 s and one RTT after the first packet that a dead path swallowed, and
// leave it a second later.
const (
	// activeFor is how long after the last data a session counts as active.
	// Longer costs a probe each heartbeatInterval after every message; shorter
	// notices a death in the pauses of a conversation only with the next message,
	// which then goes both ways.
	activeFor = time.Second
	// heartbeatInterval is the time between probes on an active path.
	heartbeatInterval = 250 * time.Millisecond
	// retryInterval is the time between probes while one is unanswered; on slow
	// paths it is more, see retryAfter. At least one retry is answered within
	// TrustFor, so that a single loss puts no path in doubt.
	retryInterval = 120 * time.Millisecond
	// TrustFor is how long, plus one RTT, an unanswered probe is waited for
	// before the path is in doubt and data goes both ways. Shorter doubles the
	// traffic of lossy paths; longer loses time on dead ones.
	TrustFor = 200 * time.Millisecond
	// doubtFor is how long a path may stay in doubt before it is given up.
	doubtFor = time.Second
	// staleAfter is the age of the last answer, plus one RTT, beyond which an
	// idle path is put in doubt by new data.
	staleAfter = heartbeatInterval + TrustFor
)

// How often an idle direct path is probed, so that the routers keep their
// mappings. Both routers count: each probe and its reply refresh both.
const (
	// unknownKeepalive serves when a NAT was not measured. Home routers drop UDP
	// mappings after 30 s at the earliest (RFC 4787 asks for 120 s, Linux gives
	// 30 s to unanswered ones), so it must be shorter, with room for a retry.
	unknownKeepalive = 20 * time.Second
	// shortestKeepalive is the least a measurement, or the peer's word, may make
	// of it (RFC 8445 section 11: Tr is 15 s or more). A NAT that forgets faster
	// is punched again with the next message.
	shortestKeepalive = 15 * time.Second
	// longestKeepalive bounds how long an idle path may be dead unnoticed, and
	// how much a router that lives up to its promise only mostly can hurt.
	longestKeepalive = 240 * time.Second
)

// keepaliveInterval is 80 % of the shorter of two mapping lifetimes, which
// leaves room for the retries of a lost probe.
func keepaliveInterval(ours, theirs wire.NATReport) time.Duration {
	if ours.Lifetime == 0 || theirs.Lifetime == 0 {
		return unknownKeepalive
	}
	lifetime := min(ours.Lifetime, theirs.Lifetime)
	return min(max(lifetime*4/5, shortestKeepalive), longestKeepalive)
}

// monitor watches the direct path in use. The zero monitor watches none: the
// session is on the relay.
type monitor struct {
	current *candidate
	// doubtSince is when the path was put in doubt; zero while it is trusted.
	doubtSince time.Time
	// keepalive is the time between probes on an idle path; it outlives the path.
	keepalive time.Duration
}

// watch watches c instead, which has just answered, or nothing.
func (m *monitor) watch(c *candidate) {
	m.current, m.doubtSince = c, time.Time{}
}

// sent notes that data is about to go out, and doubts a path that has not
// answered lately.
func (e *Engine) sent(now time.Time) {
	e.lastSent = now
	c := e.monitor.current
	if c != nil && now.Sub(c.lastReply) > staleAfter+c.rtt {
		e.doubt(now)
	}
}

// moved doubts the direct path and has the peer told where we are now.
func (e *Engine) moved(now time.Time) {
	if e.confined {
		return // there is nothing to tell the peer
	}
	e.doubt(now)
	e.requestTalk(now)
}

// doubt makes data go both ways until the path answers again, and tries the
// other paths that have worked: the first to answer is used.
func (e *Engine) doubt(now time.Time) {
	m := &e.monitor
	if m.current == nil || !m.doubtSince.IsZero() {
		return
	}
	m.doubtSince = now
	for _, c := range e.checks.candidates {
		if c.validated && now.Sub(c.lastProbe) >= triggeredSpacing {
			e.probe(now, c)
		}
	}
}

// watchPath probes the path in use when it is time, and doubts it or gives it
// up when it does not answer.
func (e *Engine) watchPath(now time.Time) {
	c := e.monitor.current
	if c == nil {
		return
	}
	if at := e.nextProbe(c); !at.After(now) {
		e.probe(now, c)
	}
	if at := e.doubtAt(c); !at.IsZero() && !at.After(now) {
		e.doubt(now)
	}
	if at := e.deadAt(c); !at.IsZero() && !at.After(now) {
		e.giveUp(now)
	}
}

// giveUp leaves a dead path for the relay and asks to be introduced again.
func (e *Engine) giveUp(now time.Time) {
	for _, c := range e.checks.candidates {
		c.validated, c.volley = false, volley{}
	}
	e.cautious = true
	e.monitor.watch(nil)
	e.requestTalk(now)
}

func (e *Engine) nextProbe(c *candidate) time.Time {
	switch {
	case !c.unansweredSince.IsZero():
		return c.lastProbe.Add(retryAfter(c.rtt))
	case c.lastProbe.Before(e.lastSent.Add(activeFor)):
		return c.lastProbe.Add(heartbeatInterval)
	default:
		return c.lastProbe.Add(e.monitor.keepalive)
	}
}

// retryAfter is how long a path of the given RTT has to answer before the next
// probe: a quarter more than it should take.
func retryAfter(rtt time.Duration) time.Duration {
	return max(retryInterval, rtt*5/4)
}

func (e *Engine) doubtAt(c *candidate) time.Time {
	if c.unansweredSince.IsZero() || !e.monitor.doubtSince.IsZero() {
		return time.Time{}
	}
	return c.unansweredSince.Add(TrustFor + c.rtt)
}

func (e *Engine) deadAt(c *candidate) time.Time {
	if e.monitor.doubtSince.IsZero() {
		return time.Time{}
	}
	return e.monitor.doubtSince.Add(doubtFor + c.rtt)
}

func (e *Engine) monitorWake() time.Time {
	c := e.monitor.current
	if c == nil {
		return time.Time{}
	}
	return earliest(e.nextProbe(c), e.doubtAt(c), e.deadAt(c))
}

package punch

import "time"

// How a direct path in use is watched. Together they leave a dead path within
// 3 s of its last answer while data flows: 1 s to the next probe, 0.5 s (and
// one RTT) until it is doubted, 1 s more until it is given up.
const (
	// activeFor is how long after the last data a session counts as active.
	// Longer costs idle pairs probes; shorter notices a death in the pauses of
	// a conversation only with the next message, which then goes both ways.
	activeFor = 3 * time.Second
	// heartbeatInterval is the time between probes on an active path.
	heartbeatInterval = time.Second
	// keepaliveInterval is the time between probes on an idle one. Home routers
	// drop UDP mappings after 30 s at the earliest (RFC 4787 asks for 120 s, Linux
	// gives 30 s to unanswered ones), so it must be shorter, with room for a retry.
	keepaliveInterval = 20 * time.Second
	// retryInterval is the time between probes while one is unanswered.
	retryInterval = 250 * time.Millisecond
	// TrustFor is how long, plus one RTT, an unanswered probe is waited for
	// before the path is in doubt and data goes both ways. Shorter doubles the
	// traffic of lossy paths; longer loses time on dead ones.
	TrustFor = 500 * time.Millisecond
	// doubtFor is how long a path may stay in doubt before it is given up.
	doubtFor = time.Second
	// staleAfter is the age of the last answer, plus one RTT, beyond which an
	// idle path is put in doubt by new data.
	staleAfter = heartbeatInterval + TrustFor
)

// monitor watches the direct path in use. The zero monitor watches none: the
// session is on the relay.
type monitor struct {
	current *candidate
	// doubtSince is when the path was put in doubt; zero while it is trusted.
	doubtSince time.Time
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
	e.monitor = monitor{}
	e.requestTalk(now)
}

func (e *Engine) nextProbe(c *candidate) time.Time {
	switch {
	case !c.unansweredSince.IsZero():
		return c.lastProbe.Add(retryInterval)
	case c.lastProbe.Before(e.lastSent.Add(activeFor)):
		return c.lastProbe.Add(heartbeatInterval)
	default:
		return c.lastProbe.Add(keepaliveInterval)
	}
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

package punch

import "time"

// switchGain is how much faster another path must be before a working one is
// left for it. Less would flap between two paths whose RTTs differ by noise;
// more would keep the way through the router when both are on the same LAN.
const switchGain = 5 * time.Millisecond

// choose decides about the path after candidate c has answered.
func (e *Engine) choose(now time.Time, c *candidate) {
	m := &e.monitor
	switch {
	case m.current == c:
		m.doubtSince = time.Time{}
	case m.current == nil, !m.doubtSince.IsZero(), c.carriesData, isBetter(c, m.current):
		c.carriesData = false
		m.watch(c)
		e.talk.succeeded()
	}
}

// isBetter reports whether a path is worth leaving another one for that works:
// it is faster, or over UDP at the same speed, where a lost packet does not hold
// up those behind it.
func isBetter(c, current *candidate) bool {
	if c.tcp != current.tcp {
		return current.tcp && c.rtt <= current.rtt+switchGain
	}
	return c.rtt+switchGain < current.rtt
}

// announcePath tells the driver when the path is another one, or is doubted or
// trusted again. A mere change of RTT is no news.
func (e *Engine) announcePath() {
	path := e.Path()
	known := e.path
	known.RTT = path.RTT
	if path == known {
		return
	}
	e.path = path
	e.act(UsePath{Path: path})
}

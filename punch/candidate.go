package punch

import (
	"cmp"
	"net/netip"
	"time"

	"peerd/wire"
)

// A route is where a datagram leaves from and goes to.
type route struct {
	socket SocketID
	to     netip.AddrPort
}

// byMain is the route from the main socket.
func byMain(to netip.AddrPort) route { return route{to: to} }

// A candidate is a way to the peer that may work: from one of our sockets to
// an endpoint of the peer's.
type candidate struct {
	route
	kind wire.CandidateKind // 0: learned from the peer's probes
	tcp  bool
	// carriesData is set when data came from there: the peer sends from nowhere
	// else now.
	carriesData bool
	// owesFull is set while a full probe has not been answered, and fullAt is
	// when the last one was.
	owesFull bool
	fullAt   time.Time
	volley   volley

	lastProbe time.Time
	// unansweredSince is when the first probe after the last reply was sent;
	// zero when every probe was answered.
	unansweredSince time.Time

	// validated is set by the first reply after the last introduction, and rtt
	// and lastReply are meaningful from then on.
	validated bool
	lastReply time.Time
	rtt       time.Duration
}

// named notes that a candidate known by its probes was named, too.
func (c *candidate) named(kind wire.CandidateKind, start time.Time) {
	c.kind = cmp.Or(c.kind, kind)
	if c.volley.start.IsZero() {
		c.volley = volley{start: start}
	}
}

// rttWeight is the share of a new sample in the smoothed RTT, as in TCP
// (RFC 6298): one slow reply does not move a path out of favour.
const rttWeight = 8

// answered takes a reply that came rtt after its probe.
func (c *candidate) answered(now time.Time, rtt time.Duration) {
	if c.rtt == 0 {
		c.rtt = rtt
	} else {
		c.rtt += (rtt - c.rtt) / rttWeight
	}
	c.validated = true
	c.lastReply = now
	c.unansweredSince = time.Time{}
}

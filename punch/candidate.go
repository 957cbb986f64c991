package punch

import (
	"net/netip"
	"time"
)

// A candidate is an endpoint at which the peer may be reachable.
type candidate struct {
	endpoint netip.AddrPort
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

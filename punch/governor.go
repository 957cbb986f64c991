package punch

import (
	"net/netip"
	"time"

	"peerd/wire"
)

// What a rendezvous or a peer gone bad can make us do is send packets to
// endpoints of its choice (threat T2), and what many sockets do to a router is
// fill its table. Both add up over sessions, so one Governor bounds what all of
// them send towards endpoints that have not answered.
const (
	// SustainedProbes is how many probes a second go to such endpoints in the long
	// run, of 92 bytes each: 150 kbit/s. It bounds what somebody gets who is named
	// falsely again and again, by whomever, in however many sessions. Higher makes
	// us more of a nuisance; lower has honest peers behind hard NATs wait.
	SustainedProbes = 200
	// SustainedBurst is how far the sum of probes may run ahead of that: by both
	// passes of a spray over 640 ports, and the volleys of three introductions.
	// A smaller one has hard NATs fail.
	SustainedBurst = 1500

	// ProbesPerSecond bounds the same while SustainedBurst lasts: half a megabit. A
	// strategy for hard NATs sends 640 packets in about a second. Lower makes
	// that take longer than the peers wait for each other; higher sets up flows
	// faster than small routers can.
	ProbesPerSecond = 600
	// ProbeBurst is how far the sum of probes may run ahead of that rate: by what
	// a volley and 640 sockets opened at 1,000 a second take. A smaller one has
	// sockets missing that the strategy counts on; what a larger one sends at
	// once overflows the queues of home uplinks.
	ProbeBurst = 350

	// FlowLifetime is how long a router remembers a UDP flow that nobody has
	// answered: 30 s on Linux (nf_conntrack_udp_timeout), and no less on others
	// (Hätönen et al., 2010). Shorter forgets flows that the router still holds.
	FlowLifetime = 30 * time.Second
	// MaxFlows is how many flows may be open to endpoints that have not answered.
	// Home routers hold between 4,096 and 65,536 of all kinds, for the whole home;
	// users report that 5,000 from a single program kill theirs. One attempt on a
	// hard NAT takes 640 sockets at one endpoint, or one at 640. So two attempts
	// fit, in less than a third of the smallest table. Lower has the second one
	// fail; higher leaves the rest of the home without connections.
	MaxFlows = 1300
)

// A Flow is what a router keeps an entry for: datagrams from one of our sockets
// to one endpoint.
type Flow struct {
	Session wire.SessionID // the zero one for the main socket
	Socket  SocketID
	To      netip.AddrPort
}

// Verdict is what a Governor says of a datagram.
type Verdict uint8

// The verdicts.
const (
	Allowed Verdict = iota
	// TooManyProbes: it would be one too many in this second.
	TooManyProbes
	// TooManyFlows: it would open one flow too many on the router.
	TooManyFlows
)

// A Governor bounds what all sessions together send to endpoints that have not
// answered. What was allowed is taken to be sent; what was not must not be. The
// zero value is ready for use; it is not safe for concurrent use. Times must
// not run backwards.
type Governor struct {
	// spent are the probes of ProbeBurst that have not been made up for, and ahead
	// those of SustainedBurst.
	spent, ahead float64
	updated      time.Time
	// flows are when each was last used: at most MaxFlows.
	flows map[Flow]time.Time
	// swept is when flows were last looked through.
	swept time.Time
}

// Probe judges a probe, or an opener: it costs a packet, and a flow.
func (g *Governor) Probe(now time.Time, flow Flow) Verdict {
	elapsed := now.Sub(g.updated).Seconds()
	g.updated = now
	g.spent = max(0, g.spent-elapsed*ProbesPerSecond)
	g.ahead = max(0, g.ahead-elapsed*SustainedProbes)
	if g.spent+1 > ProbeBurst || g.ahead+1 > SustainedBurst {
		return TooManyProbes
	}
	verdict := g.Open(now, flow)
	if verdict == Allowed {
		g.spent++
		g.ahead++
	}
	return verdict
}

// Open judges a datagram that answers another, or goes to the rendezvous: it
// costs a flow.
func (g *Governor) Open(now time.Time, flow Flow) Verdict {
	g.sweep(now)
	if _, known := g.flows[flow]; !known && len(g.flows) >= MaxFlows {
		return TooManyFlows
	}
	if g.flows == nil {
		g.flows = map[Flow]time.Time{}
	}
	g.flows[flow] = now
	return Allowed
}

// sweepInterval is the least time between two sweeps: so much longer than
// necessary is a flow held to be open.
const sweepInterval = time.Second

// sweep forgets the flows that the router has forgotten.
func (g *Governor) sweep(now time.Time) {
	if now.Sub(g.swept) < sweepInterval {
		return
	}
	g.swept = now
	for flow, used := range g.flows {
		if now.Sub(used) > FlowLifetime {
			delete(g.flows, flow)
		}
	}
}

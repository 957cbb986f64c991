package punch

import (
	"net/netip"
	"time"

	"peerd/wire"
)

// A router class sorts NATs by what it takes to know the port that one gives a
// socket towards a peer.
type routerClass int

const (
	// classEasy: the port that the rendezvous observed, whoever is at the other
	// end. NATs of which nothing is known count as easy: most are.
	classEasy routerClass = iota
	// classSequential: a port near the last one given out.
	classSequential
	// classBlock: any of a few hundred or thousand.
	classBlock
	// classRandom: any.
	classRandom
)

// classOf classifies a NAT.
func classOf(r wire.NATReport) routerClass {
	switch {
	case r.Mapping != wire.MappingADM && r.Mapping != wire.MappingAPDM:
		return classEasy
	case r.Allocation == wire.AllocationSequential:
		return classSequential
	case r.Allocation == wire.AllocationBlock && r.LastPort > 0:
		return classBlock
	}
	return classRandom
}

// predictable reports whether a peer behind such a NAT can promise a port.
func (c routerClass) predictable() bool { return c == classSequential || c == classBlock }

// filtersByPort reports whether a NAT lets in only endpoints that were sent to.
// Where nothing is known, a NAT does, and a host without one does not.
func filtersByPort(r wire.NATReport) bool {
	switch r.Filtering {
	case wire.FilteringEIF, wire.FilteringADF:
		return false
	case wire.FilteringAPDF:
		return true
	}
	return r.Mapping != wire.MappingNone
}

// floodSpacing is the least time between two strategies that open hundreds of
// router flows: what the first has opened is gone by then on most routers (Linux
// keeps unanswered UDP flows for 30 s).
const floodSpacing = 30 * time.Second

// mayFlood reports whether such a strategy may run now, and notes that it does.
func (e *Engine) mayFlood(now time.Time) bool {
	if !e.floodedAt.IsZero() && now.Sub(e.floodedAt) < floodSpacing {
		return false
	}
	e.floodedAt = now
	return true
}

// plan chooses the strategies beside the volleys.
//
//	ours \ theirs   easy              sequential, block    random
//	easy            fresh, if silent  volley; spray        spray
//	sequential      sandwich          meeting port         -
//	block           many sockets      meeting port         -
//	random          many sockets      -                    -
//
// Where the easy side does not filter by port, the volleys are enough: the hard
// side's probes get in, from whatever port they come.
func (e *Engine) plan(now time.Time, in Introduced) []strategy {
	strategies := planTCP(in)
	target := observedOf(in.Candidates)
	if !target.IsValid() || len(strategies) > 0 && !in.Observed.IsValid() {
		return strategies // one of the two has no UDP
	}
	if s := e.planUDP(now, in, target); s != nil {
		strategies = append(strategies, s)
	}
	if classOf(in.Ours) == classEasy && classOf(in.Theirs) == classEasy {
		strategies = append(strategies, newDoubtedMapping(in, target))
	}
	return strategies
}

// planUDP chooses by what the two NATs are.
func (e *Engine) planUDP(now time.Time, in Introduced, target netip.AddrPort) strategy {
	ours, theirs := classOf(in.Ours), classOf(in.Theirs)
	shut, theyAreShut := filtersByPort(in.Ours), filtersByPort(in.Theirs)
	switch {
	case ours == classEasy && theirs == classEasy:
		return newFreshSocket(in, target, e.search.again)
	case ours == classSequential && theirs == classEasy && theyAreShut:
		return newSandwich(now, in, target)
	case ours == classSequential && theirs.predictable():
		return newMeetingPort(now, in, target, e.draws)
	case ours == classBlock && theirs.predictable() && e.mayFlood(now):
		return newMeetingPort(now, in, target, e.draws)
	case ours == classEasy && theirs != classSequential && shut && e.mayFlood(now):
		return newSpray(in, target, e.draws)
	case ours != classEasy && ours != classSequential && theirs == classEasy && theyAreShut && e.mayFlood(now):
		return newManySockets(now, in, target)
	}
	return nil
}

// opens reports whether probes at the peer's observed endpoint have to die on
// the way: our NAT sends them from a port that the peer's router does not
// expect, or did so the last time, and some routers punish that, or take it for
// a flow of their own.
func (s *search) opens(kind wire.CandidateKind) bool {
	return kind == wire.CandidateObserved && s.in.OpenerTTL > 0 && filtersByPort(s.in.Theirs) &&
		(classOf(s.in.Ours) != classEasy || s.again)
}

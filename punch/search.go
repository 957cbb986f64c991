package punch

import (
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

// searchLength is how long the strategies of one introduction may take. The
// longest, two passes of a spray, needs 3 s and a round trip; what has not
// succeeded by then has not met the other side's half of it.
const searchLength = 5 * time.Second

// A search is the look for a direct path that an introduction began. The zero
// search is over.
type search struct {
	ends time.Time
	in   Introduced
	// target is the peer's observed endpoint; invalid if its UDP is blocked.
	target netip.AddrPort
	// again is set when the search before has failed: our port, or the peer's, may
	// have fallen into disgrace with a router. Nothing unexpected may reach any.
	again bool
	// heard is set once anything authentic has come from beyond our routers.
	heard      bool
	strategies []strategy
}

// A strategy is one way to look for a path, beside the volleys at the named
// candidates. It lives as long as its search.
type strategy interface {
	// run does what is due. It is called in every step, last.
	run(e *Engine, now time.Time)
	// wake returns when run has something to do; zero: it waits for an event.
	wake() time.Time
}

// An observer is a strategy that sends logins.
type observer interface {
	observed(e *Engine, now time.Time, event Observed)
}

// A follower is a strategy that takes notice of further introductions.
type follower interface {
	introduced(e *Engine, now time.Time, in Introduced)
}

// running reports whether the search still has time.
func (s *search) running(now time.Time) bool { return now.Before(s.ends) }

// beginSearch starts a search for an introduction that brings a new chance.
func (e *Engine) beginSearch(now time.Time, in Introduced) {
	e.closeSockets(now)
	e.ledger = nil
	e.checks.replace(in.probed(), e.monitor.current, in.FireAt)
	e.search = search{ends: in.FireAt.Add(searchLength), in: in, target: observedOf(in.Candidates), again: e.talk.attempts > 0}
	e.talk.introduced(in.FireAt)
	if e.isDirect() {
		// The peer has a reason to check; we have none to search. If our path
		// turns out to be dead too, the next introduction finds nothing to join.
		e.search.ends = time.Time{}
		return
	}
	e.search.strategies = e.plan(now, in)
	e.openEarly(now)
	e.joinSearch(now, in)
}

// probed returns the candidates that get a volley: not those for TCP, nor the
// ports that a peer has promised when our own NAT would give each probe a port
// of its own (see meetingPort).
func (in Introduced) probed() []Candidate {
	kinds := []wire.CandidateKind{wire.CandidateTCP}
	if classOf(in.Ours) != classEasy {
		kinds = append(kinds, wire.CandidatePredicted)
	}
	return withoutKinds(in.Candidates, kinds...)
}

// joinSearch takes an introduction into the search under way: one of the two
// has asked for it to tell the other of further endpoints.
func (e *Engine) joinSearch(now time.Time, in Introduced) {
	e.checks.add(in.probed(), in.FireAt)
	for _, strategy := range e.search.strategies {
		if strategy, ok := strategy.(follower); ok {
			strategy.introduced(e, now, in)
		}
	}
}

// joins reports whether an introduction belongs to the search under way.
func (s *search) joins(now time.Time, in Introduced) bool {
	return s.running(now) && sameNATs(in, s.in) && observedOf(in.Candidates) == s.target &&
		slices.Equal(ofKind(in.Candidates, wire.CandidateTCP), ofKind(s.in.Candidates, wire.CandidateTCP))
}

// sameNATs reports whether two introductions lead to the same plan.
func sameNATs(a, b Introduced) bool {
	return classOf(a.Ours) == classOf(b.Ours) && classOf(a.Theirs) == classOf(b.Theirs) &&
		filtersByPort(a.Ours) == filtersByPort(b.Ours) && filtersByPort(a.Theirs) == filtersByPort(b.Theirs) &&
		a.OpenerTTL == b.OpenerTTL
}

// runSearch gives every strategy its turn, until a path is found or the time
// is over.
func (e *Engine) runSearch(now time.Time) {
	s := &e.search
	if s.ends.IsZero() {
		return
	}
	if !s.running(now) {
		e.endSearch(now)
		return
	}
	for _, strategy := range s.strategies {
		if e.isDirect() {
			e.endSearch(now)
			return
		}
		strategy.run(e, now)
	}
}

// endSearch stops the strategies and closes what they opened, but for the
// sockets that the peer was heard at: it may have chosen another path than we.
func (e *Engine) endSearch(now time.Time) {
	e.search.ends, e.search.strategies = time.Time{}, nil
	e.closeSockets(now)
}

func (e *Engine) searchWake() time.Time {
	wake := e.search.ends
	for _, strategy := range e.search.strategies {
		wake = earliest(wake, strategy.wake())
	}
	return wake
}

// isDirect reports whether a direct path is in use and trusted.
func (e *Engine) isDirect() bool { return e.monitor.current != nil && e.monitor.doubtSince.IsZero() }

// observed hands a login's answer to the strategy that asked.
func (e *Engine) observed(now time.Time, event Observed) {
	for _, strategy := range e.search.strategies {
		if strategy, ok := strategy.(observer); ok {
			strategy.observed(e, now, event)
		}
	}
}

// observedOf returns the IPv4 endpoint at which the rendezvous sees the peer.
func observedOf(candidates []Candidate) netip.AddrPort {
	for _, c := range candidates {
		if c.Kind == wire.CandidateObserved && c.Endpoint.Addr().Is4() {
			return c.Endpoint
		}
	}
	return netip.AddrPort{}
}

// withoutKinds returns the candidates that are of none of the kinds.
func withoutKinds(candidates []Candidate, kinds ...wire.CandidateKind) []Candidate {
	return slices.DeleteFunc(slices.Clone(candidates), func(c Candidate) bool { return slices.Contains(kinds, c.Kind) })
}

// ofKind returns the endpoints of the candidates of one kind.
func ofKind(candidates []Candidate, kind wire.CandidateKind) []netip.AddrPort {
	var endpoints []netip.AddrPort
	for _, c := range candidates {
		if c.Kind == kind {
			endpoints = append(endpoints, c.Endpoint)
		}
	}
	return endpoints
}

package rendezvous

import (
	"net/netip"
	"slices"
	"time"

	"peerd/internal/addressscope"
	"peerd/wire"
)

// learnEndpoints notes where c says it can be reached. Observed candidates
// count only with a cookie for exactly that endpoint (or when this login has
// proved them before), and mapped ones only where c is: otherwise a peer could
// have others probe a victim. Local ones are passed on as they are, unless nobody
// can be there; whoever is introduced filters them. What was observed where the peer
// logged in also becomes a relay endpoint.
func (h *hub) learnEndpoints(c *connection, claimed []wire.Candidate, nat wire.NATReport, now time.Time) {
	var candidates []wire.Candidate
	var relayed []netip.AddrPort
	for _, claim := range claimed[:min(len(claimed), wire.MaxCandidates)] {
		candidate := withoutProof(claim)
		if !c.mayBeAt(candidate.Endpoint.Addr()) {
			h.counters.uncertified.Add(1)
			continue
		}
		switch claim.Kind {
		case wire.CandidatePredicted, wire.CandidateTCP:
			continue // of one talk only: see predicted, and ours to name: see withTCP
		case wire.CandidateObserved:
			certified, byHome := h.certify(c, candidate, claim.Cookie, now)
			if !certified {
				h.counters.uncertified.Add(1)
				continue
			}
			if byHome {
				relayed = append(relayed, candidate.Endpoint)
			}
		}
		candidates = append(candidates, candidate)
	}
	candidates = h.withoutForeign(c, candidates)
	slices.SortStableFunc(candidates, func(a, b wire.Candidate) int { return rank(a) - rank(b) })
	c.mu.Lock()
	c.candidates, c.nat, c.observed = candidates, nat, firstIPv4(relayed)
	c.mu.Unlock()
	h.relay.prove(c, relayed, now)
}

// certify reports whether c was observed at a candidate, and whether that was
// where it logged in.
func (h *hub) certify(c *connection, candidate wire.Candidate, cookie wire.Cookie, now time.Time) (certified, byHome bool) {
	by, proven := h.cookies.maker(cookie, candidate.Endpoint, now)
	byHome = proven && by == c.home || h.relay.proved(c, candidate.Endpoint)
	known, _ := c.reachableAt()
	return proven || byHome || slices.Contains(known, candidate), byHome
}

// withoutForeign leaves out the mapped candidates that no router of c's forwards.
func (h *hub) withoutForeign(c *connection, candidates []wire.Candidate) (own []wire.Candidate) {
	for _, candidate := range candidates {
		if candidate.Kind == wire.CandidateMapped && !c.mayBeMappedAt(candidate.Endpoint.Addr(), candidates) {
			h.counters.uncertified.Add(1)
			continue
		}
		own = append(own, candidate)
	}
	return own
}

// firstIPv4 returns the zero AddrPort if there is none.
func firstIPv4(endpoints []netip.AddrPort) netip.AddrPort {
	if i := slices.IndexFunc(endpoints, func(e netip.AddrPort) bool { return e.Addr().Is4() }); i >= 0 {
		return endpoints[i]
	}
	return netip.AddrPort{}
}

// withoutProof returns the candidate as others are told about it.
func withoutProof(claim wire.Candidate) wire.Candidate {
	addr := claim.Endpoint.Addr().Unmap().WithZone("")
	return wire.Candidate{Endpoint: netip.AddrPortFrom(addr, claim.Endpoint.Port()), Kind: claim.Kind}
}

// mayBeAt reports whether anybody could be reached at addr. On loopback only those can
// who reach us there, on one machine.
func (c *connection) mayBeAt(addr netip.Addr) bool {
	scope := addressscope.Of(addr)
	return scope > addressscope.Loopback || scope == addressscope.Loopback && c.remote.Addr().IsLoopback()
}

// mayBeMappedAt reports whether a router may forward a port of addr to c: it has
// the address at which c is seen, or is one of several and its outside is private,
// which is nobody's but a neighbour's.
func (c *connection) mayBeMappedAt(addr netip.Addr, candidates []wire.Candidate) bool {
	return addressscope.Of(addr) == addressscope.Private || c.isSeenAt(addr, candidates)
}

// isSeenAt reports whether c, with these candidates, is seen at addr: over UDP, as
// certified, or over TCP, which nobody can forge.
func (c *connection) isSeenAt(addr netip.Addr, candidates []wire.Candidate) bool {
	return addr == c.remote.Addr() || slices.ContainsFunc(candidates, func(seen wire.Candidate) bool {
		return seen.Kind == wire.CandidateObserved && seen.Endpoint.Addr() == addr
	})
}

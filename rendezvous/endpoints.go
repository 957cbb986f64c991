package rendezvous

import (
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

// learnEndpoints notes where c says it can be reached. Observed candidates
// count only with a cookie for exactly that endpoint (or when this login has
// proved them before): otherwise a peer could have others probe a victim.
// Local ones are passed on as they are; whoever is introduced filters them.
// What was observed where the peer logged in also becomes a relay endpoint.
func (h *hub) learnEndpoints(c *connection, claimed []wire.Candidate, nat wire.NATReport, now time.Time) {
	var candidates []wire.Candidate
	var relayed []netip.AddrPort
	known, _ := c.reachableAt()
	for _, claim := range claimed[:min(len(claimed), wire.MaxCandidates)] {
		endpoint := netip.AddrPortFrom(claim.Endpoint.Addr().Unmap().WithZone(""), claim.Endpoint.Port())
		certified := wire.Candidate{Endpoint: endpoint, Kind: claim.Kind}
		if claim.Kind == wire.CandidatePredicted || claim.Kind == wire.CandidateTCP {
			continue // of one talk only: see predicted, and ours to name: see withTCP
		}
		if claim.Kind != wire.CandidateObserved {
			candidates = append(candidates, certified)
			continue
		}
		by, proven := h.cookies.maker(claim.Cookie, endpoint, now)
		byHome := proven && by == c.home || h.relay.proved(c, endpoint)
		if byHome {
			relayed = append(relayed, endpoint)
		}
		if proven || byHome || holds(known, certified) {
			candidates = append(candidates, certified)
			continue
		}
		h.counters.uncertified.Add(1)
	}
	c.mu.Lock()
	c.candidates, c.nat = candidates, nat
	c.mu.Unlock()
	h.relay.prove(c, relayed, now)
}

// predicted returns the endpoints at which c expects its NAT to have mapped it
// for the peer it talks to. They are good for this talk alone, and count only
// at an address where c was observed: otherwise a peer could have others probe
// a victim.
func (c *connection) predicted(claimed []wire.Candidate) []wire.Candidate {
	known, _ := c.reachableAt()
	var predicted []wire.Candidate
	for _, claim := range claimed {
		endpoint := netip.AddrPortFrom(claim.Endpoint.Addr().Unmap().WithZone(""), claim.Endpoint.Port())
		if claim.Kind == wire.CandidatePredicted && wasObservedAt(known, endpoint.Addr()) {
			predicted = append(predicted, wire.Candidate{Endpoint: endpoint, Kind: claim.Kind})
		}
	}
	return predicted[:min(len(predicted), wire.MaxCandidates-len(known))]
}

func wasObservedAt(candidates []wire.Candidate, addr netip.Addr) bool {
	return slices.ContainsFunc(candidates, func(c wire.Candidate) bool {
		return c.Kind == wire.CandidateObserved && c.Endpoint.Addr() == addr
	})
}

func holds(candidates []wire.Candidate, wanted wire.Candidate) bool {
	for _, candidate := range candidates {
		if candidate == wanted {
			return true
		}
	}
	return false
}

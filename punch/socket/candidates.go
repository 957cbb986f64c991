package socket

import (
	"net/netip"
	"slices"

	"peerd/internal/addressscope"
	"peerd/punch"
	"peerd/wire"
)

// What a peer, or a rendezvous gone bad, names as a candidate is a wish that
// we send packets there. Most of what could be named is nobody's business of
// ours: our own services, the machines in our home, a cloud's metadata
// service, everybody at once. So a candidate is probed only if its address is
// globally reachable by IANA's special-purpose registries (RFC 6890), or is a
// private one that we have a reason to believe to be the peer's. That filter
// bounds where probes go; how many go there is the engine's budget.

// leastPort is the lowest port that is probed. Below are the services that a
// forged probe would annoy most: DNS, NTP, SNMP. A router keeps the mappings of
// higher ports above it too (RFC 4787 REQ-3), and a peer that insists to
// listen below is reached through the relay.
const leastPort = 1024

// surroundings is what we know of our own place in the network.
type surroundings struct {
	// bound is where our socket listens; its host may be unspecified.
	bound netip.AddrPort
	// interfaces are the host's addresses, with the prefixes of their links.
	interfaces []netip.Prefix
	// observed is our endpoint as the rendezvous sees it; zero if unknown.
	observed netip.AddrPort
}

// probeable returns the candidates that may be probed: local ones first, as
// they are nearest, else in the given order, each once, at most
// wire.MaxCandidates.
func probeable(candidates []wire.Candidate, here surroundings) []punch.Candidate {
	shared := here.sharesRouter(candidates)
	var local, others []punch.Candidate
	for _, c := range candidates {
		endpoint := unmapped(c.Endpoint)
		same := func(known punch.Candidate) bool {
			return known.Endpoint == endpoint && (known.Kind == wire.CandidateTCP) == (c.Kind == wire.CandidateTCP)
		}
		if !here.mayProbe(endpoint, c.Kind, shared) || slices.ContainsFunc(local, same) || slices.ContainsFunc(others, same) {
			continue
		}
		if c.Kind == wire.CandidateLocal {
			local = append(local, punch.Candidate{Endpoint: endpoint, Kind: c.Kind})
		} else {
			others = append(others, punch.Candidate{Endpoint: endpoint, Kind: c.Kind})
		}
	}
	all := append(local, others...)
	return all[:min(len(all), wire.MaxCandidates)]
}

// sharesRouter reports whether the rendezvous sees the peer at our own public
// address: then we are behind the same router, and private addresses may be
// reachable through it even when they are not on our link.
func (here surroundings) sharesRouter(candidates []wire.Candidate) bool {
	return here.observed.IsValid() && slices.ContainsFunc(candidates, func(c wire.Candidate) bool {
		return c.Kind == wire.CandidateObserved && c.Endpoint.Addr().Unmap() == here.observed.Addr().Unmap()
	})
}

// mayProbe decides about one endpoint, which is unmapped. A shared router is
// sharesRouter's answer.
func (here surroundings) mayProbe(endpoint netip.AddrPort, kind wire.CandidateKind, sharedRouter bool) bool {
	addr := endpoint.Addr()
	if endpoint.Port() < leastPort || here.isOurs(endpoint) || !here.canReach(addr) {
		return false
	}
	switch addressscope.Of(addr) {
	case addressscope.Global:
		return !here.isBroadcast(addr)
	case addressscope.Private:
		if here.isBroadcast(addr) {
			return false
		}
		return here.isOnLink(addr) || sharedRouter || here.isSeenInside(kind)
	case addressscope.Loopback:
		return here.bound.Addr().IsLoopback()
	}
	return false
}

// isOurs reports whether endpoint is this very socket.
func (here surroundings) isOurs(endpoint netip.AddrPort) bool {
	if endpoint == here.bound || endpoint == unmapped(here.observed) {
		return true
	}
	return endpoint.Port() == here.bound.Port() && here.bound.Addr().IsUnspecified() &&
		slices.ContainsFunc(here.interfaces, func(p netip.Prefix) bool { return p.Addr() == endpoint.Addr() })
}

// canReach reports whether our socket can send to addr's family at all; what it
// cannot reach would only use up the candidates.
func (here surroundings) canReach(addr netip.Addr) bool {
	bound := here.bound.Addr()
	return addr.Is4() == bound.Is4() || bound == netip.IPv6Unspecified()
}

func (here surroundings) isOnLink(addr netip.Addr) bool {
	return slices.ContainsFunc(here.interfaces, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// isSeenInside reports whether a private endpoint of this kind is reachable
// though it is on no link of ours: the rendezvous itself is inside the private
// network (of a company, or a laboratory), sees us there, and has seen the
// peer there too.
func (here surroundings) isSeenInside(kind wire.CandidateKind) bool {
	return kind == wire.CandidateObserved && here.observed.IsValid() &&
		addressscope.Of(here.observed.Addr().Unmap()) == addressscope.Private
}

// isBroadcast reports whether addr means every host of a link of ours: the
// highest address of its prefix, or the lowest (an old form of the same, which
// some hosts still answer). Links of one or two addresses have none (RFC 3021).
func (here surroundings) isBroadcast(addr netip.Addr) bool {
	if !addr.Is4() {
		return false
	}
	return slices.ContainsFunc(here.interfaces, func(p netip.Prefix) bool {
		if p.Bits() >= 31 || !p.Contains(addr) {
			return false
		}
		return addr == p.Masked().Addr() || !p.Contains(addr.Next())
	})
}

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
	// routers are those that our default routes lead to, as far as the system tells.
	routers []netip.Addr
	// observed is our endpoint as the rendezvous sees it; zero if unknown.
	observed netip.AddrPort
}

// probeable returns the candidates that may be probed: local ones first, as
// they are nearest, else in the given order, each once, at most
// wire.MaxCandidates. What it leaves out it returns with the reasons.
func probeable(candidates []wire.Candidate, here surroundings) ([]punch.Candidate, []LeftOut) {
	shared := here.sharesRouter(candidates)
	var local, others []punch.Candidate
	var leftOut []LeftOut
	for _, c := range candidates {
		named := punch.Candidate{Endpoint: unmapped(c.Endpoint), Kind: c.Kind}
		if reason := here.refuses(named, shared); reason != "" {
			leftOut = append(leftOut, LeftOut{named, reason})
			continue
		}
		same := func(known punch.Candidate) bool {
			return known.Endpoint == named.Endpoint && (known.Kind == wire.CandidateTCP) == (named.Kind == wire.CandidateTCP)
		}
		switch {
		case slices.ContainsFunc(local, same) || slices.ContainsFunc(others, same):
		case named.Kind == wire.CandidateLocal:
			local = append(local, named)
		default:
			others = append(others, named)
		}
	}
	all := append(local, others...)
	most := min(len(all), wire.MaxCandidates)
	for _, named := range all[most:] {
		leftOut = append(leftOut, LeftOut{named, LeftOutTooMany})
	}
	return all[:most], leftOut
}

// sharesRouter reports whether the rendezvous sees the peer at our own public
// address: then we are behind the same router, and private addresses may be
// reachable through it even when they are not on our link.
func (here surroundings) sharesRouter(candidates []wire.Candidate) bool {
	return here.observed.IsValid() && slices.ContainsFunc(candidates, func(c wire.Candidate) bool {
		return c.Kind == wire.CandidateObserved && c.Endpoint.Addr().Unmap() == here.observed.Addr().Unmap()
	})
}

// refuses says why one endpoint, which is unmapped, must not be probed; "" when
// it may be. A shared router is sharesRouter's answer.
func (here surroundings) refuses(named punch.Candidate, sharedRouter bool) LeftOutReason {
	addr := named.Endpoint.Addr()
	scope := addressscope.Of(addr)
	onLoopback := scope == addressscope.Loopback && here.bound.Addr().IsLoopback()
	switch {
	case here.isOurs(named.Endpoint):
		return LeftOutOwn
	case scope <= addressscope.Loopback && !onLoopback, here.isBroadcast(addr):
		return LeftOutReserved
	case here.isThisHost(addr) && !sharedRouter && !onLoopback:
		return LeftOutOwn
	case slices.Contains(here.routers, addr):
		return LeftOutRouter
	case !here.canReach(addr):
		return LeftOutUnreachable
	case scope == addressscope.Private && !here.isOnLink(addr) && !sharedRouter && !here.isSeenInside(named.Kind):
		return LeftOutPrivate
	case named.Endpoint.Port() < leastPort:
		return LeftOutLowPort
	}
	return ""
}

// isOurs reports whether endpoint is this very socket.
func (here surroundings) isOurs(endpoint netip.AddrPort) bool {
	if endpoint == here.bound || endpoint == unmapped(here.observed) {
		return true
	}
	return endpoint.Port() == here.bound.Port() && here.bound.Addr().IsUnspecified() &&
		slices.ContainsFunc(here.interfaces, func(p netip.Prefix) bool { return p.Addr() == endpoint.Addr() })
}

// isThisHost reports whether addr is one of this machine's own. Whoever is there is
// behind the same router as we are: a peer that is not names our own services.
func (here surroundings) isThisHost(addr netip.Addr) bool {
	return slices.ContainsFunc(here.interfaces, func(p netip.Prefix) bool { return p.Addr() == addr })
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

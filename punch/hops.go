package punch

import (
	"net/netip"
	"slices"

	"peerd/wire"
)

// A Sweep is what became of datagrams to the rendezvous with the TTLs 1, 2, 3
// and so on.
//
//	TTL   1            2              3             4
//	us ── 192.168.1.1 ── 100.64.0.1 ── 198.51.100.9 ── rendezvous
//	      └── own NATs, private ──┘    └─ dies here: the opener's TTL is 3
type Sweep struct {
	// Routers[i] is who reported the death of the datagram with TTL i+1; the zero
	// Addr when nobody did.
	Routers []netip.Addr
	// Reached is the smallest TTL with which a datagram was answered by the
	// rendezvous; 0 when none was.
	Reached int
}

// Answered reports whether any router said that a datagram died there.
func (s Sweep) Answered() bool { return slices.ContainsFunc(s.Routers, netip.Addr.IsValid) }

// Settled reports whether further reports would change nothing: every router up
// to the first one that is not ours has reported.
func (s Sweep) Settled(observed netip.Addr) bool {
	for _, router := range s.Routers {
		if !router.IsValid() {
			return false
		}
		if !isInside(router) && router != observed {
			return true
		}
	}
	return false
}

// OwnHops returns how many routers are on our side: up to the last one whose
// address is private, or the one the rendezvous observes us at. Routers of a
// provider that uses private addresses inside count too, as a carrier's NAT
// cannot be told from them. A NAT that shows a public address, or none at all,
// is one hop.
func (s Sweep) OwnHops(observed netip.Addr, mapping wire.Mapping) int {
	own := 0
	if mapping != wire.MappingNone {
		own = 1
	}
	for i, router := range s.Routers {
		if isInside(router) || router.IsValid() && router == observed {
			own = i + 1
		} else if router.IsValid() {
			break
		}
	}
	return own
}

// OpenerTTL returns the TTL with which a packet passes our own hops and dies at
// the next router; 0 when the sweep does not tell. That router must be known to
// be one: a packet that the rendezvous itself would receive could reach a peer.
func (s Sweep) OpenerTTL(ownHops int) int {
	ttl := ownHops + 1
	if !s.Answered() || ttl > len(s.Routers) || s.Reached != 0 && s.Reached <= ttl {
		return 0
	}
	return ttl
}

// sharedAddresses are those between a carrier's NAT and its customers (RFC 6598).
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// isInside reports whether an address is only valid on our side of a NAT.
func isInside(addr netip.Addr) bool {
	return addr.IsPrivate() || sharedAddresses.Contains(addr)
}

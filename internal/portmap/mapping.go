package portmap

import (
	"net/netip"
	"time"

	"peerd/internal/addressscope"
)

// A Protocol is a way to ask a router for a mapping.
type Protocol string

const (
	// PCP is the Port Control Protocol, RFC 6887.
	PCP Protocol = "pcp"
	// NATPMP is the NAT Port Mapping Protocol, RFC 6886.
	NATPMP Protocol = "nat-pmp"
	// UPnP is an Internet Gateway Device of the UPnP Forum, version 1 or 2.
	UPnP Protocol = "upnp"
)

// A Mapping is what a router has promised: packets to External are forwarded to
// the port that Keep was asked to map.
type Mapping struct {
	// External is the router's endpoint. The zero AddrPort: the mapping that
	// was reported for this protocol and gateway is lost.
	External netip.AddrPort
	Protocol Protocol
	// Lifetime is how long the mapping would live on if we vanished now. It is
	// renewed long before; 0 when it is lost, or kept until it is removed.
	Lifetime time.Duration
	// Gateway is the router's address on our side.
	Gateway netip.Addr
}

// IsPublic reports whether the external endpoint is on the internet. If it is
// not, the router is behind another NAT, whose mappings it cannot make, and the
// endpoint is no candidate but for peers behind that NAT. The documentation
// ranges of RFC 5737 count as public: test networks use them as their internet.
func (m Mapping) IsPublic() bool { return isPublic(m.External.Addr()) }

func isPublic(addr netip.Addr) bool {
	return addr.Is4() && addressscope.Of(addr) == addressscope.Global
}

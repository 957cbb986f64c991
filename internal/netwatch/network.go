package netwatch

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
)

// Network is what the host's place in the network depends on. Two of them can be
// compared with Equal.
type Network struct {
	// Addresses are those that others can reach us at, or that routers translate,
	// of the interfaces that are up and have a carrier; sorted, each once.
	Addresses []netip.Addr
	// Routes are the default routes; sorted.
	Routes []Route
}

// Route is a default route.
type Route struct {
	// Gateway is the zero Addr where the link leads everywhere itself.
	Gateway netip.Addr
	// Link is the index of the interface; 0 where the system was not asked.
	Link int
	// Source is the address that packets leave with; the zero Addr where the
	// route does not say.
	Source netip.Addr
}

// Equal reports whether n and other are the same place.
func (n Network) Equal(other Network) bool {
	return slices.Equal(n.Addresses, other.Addresses) && slices.Equal(n.Routes, other.Routes)
}

// Has reports whether address is one of the host's.
func (n Network) Has(address netip.Addr) bool {
	return slices.Contains(n.Addresses, address)
}

// Look returns the network as it is now. What cannot be read is left out: an
// interface may vanish meanwhile.
func Look() Network {
	n := Network{Addresses: addresses(), Routes: defaultRoutes()}
	slices.SortFunc(n.Routes, func(a, b Route) int {
		return cmp.Or(a.Gateway.Compare(b.Gateway), cmp.Compare(a.Link, b.Link), a.Source.Compare(b.Source))
	})
	n.Routes = slices.Compact(n.Routes)
	return n
}

func addresses() []netip.Addr {
	interfaces, _ := net.Interfaces()
	var found []netip.Addr
	for _, i := range interfaces {
		const usable = net.FlagUp | net.FlagRunning
		if i.Flags&usable != usable {
			continue
		}
		addrs, _ := i.Addrs()
		for _, addr := range addrs {
			if prefix, ok := addr.(*net.IPNet); ok {
				found = appendUsable(found, prefix.IP)
			}
		}
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found)
}

// appendUsable appends an address unless it is of this host or link alone.
func appendUsable(found []netip.Addr, ip net.IP) []netip.Addr {
	if address, ok := netip.AddrFromSlice(ip); ok && address.Unmap().IsGlobalUnicast() {
		return append(found, address.Unmap())
	}
	return found
}

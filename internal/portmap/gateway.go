package portmap

import (
	"net"
	"net/netip"
)

// A gateway is a router next to us. Comparable: another value is another place
// in the network.
type gateway struct {
	address netip.Addr // on our link
	local   netip.Addr // ours on that link
	link    string     // the name of the interface
}

// behindNAT keeps the gateways that can be of use: IPv4, on-link, and with a
// private address of ours on that link. A machine with a public address needs
// no mapping, and the routers of data centres need not hear of us.
func behindNAT(gateways []gateway) (useful []gateway) {
	for _, g := range gateways {
		if g.address.Is4() && g.local.Is4() && g.address != g.local && !isPublic(g.local) && !g.local.IsLoopback() {
			useful = append(useful, g)
		}
	}
	return useful
}

// linkPrefixes returns the IPv4 addresses of an interface with the prefixes of
// their links; none if it is down or gone.
func linkPrefixes(i *net.Interface) (prefixes []netip.Prefix) {
	addrs, err := i.Addrs()
	if err != nil || i.Flags&net.FlagUp == 0 {
		return nil
	}
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if addr, ok := netip.AddrFromSlice(n.IP); ok && addr.Unmap().Is4() {
			bits, _ := n.Mask.Size()
			prefixes = append(prefixes, netip.PrefixFrom(addr.Unmap(), bits))
		}
	}
	return prefixes
}

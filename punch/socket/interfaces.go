package socket

import (
	"net"
	"net/netip"
	"slices"

	"peerd/internal/addressscope"
	"peerd/internal/netwatch"
	"peerd/wire"
)

// LocalEndpoints lists the host's addresses a peer may reach the socket at,
// with its port, most promising first, at most wire.MaxCandidates: the sources
// the kernel prefers, then IPv4, then global and unique local IPv6. A socket
// bound to one address has only that one.
func (s *Socket) LocalEndpoints() []netip.AddrPort {
	if !s.bound.Addr().IsUnspecified() {
		return []netip.AddrPort{s.bound}
	}
	addrs := usableAddrs(s.interfacePrefixes(), s.bound.Addr())
	for _, preferred := range preferredSources() {
		if i := slices.Index(addrs, preferred); i > 0 {
			addrs = slices.Insert(slices.Delete(addrs, i, i+1), 0, preferred)
		}
	}
	var endpoints []netip.AddrPort
	for _, addr := range addrs[:min(len(addrs), wire.MaxCandidates)] {
		endpoints = append(endpoints, netip.AddrPortFrom(addr, s.bound.Port()))
	}
	return endpoints
}

// surroundings gathers what the candidate filter needs.
func (s *Socket) surroundings(observed netip.AddrPort) surroundings {
	here := surroundings{bound: s.bound, interfaces: s.interfacePrefixes(), observed: observed}
	for _, route := range netwatch.Look().Routes {
		here.routers = append(here.routers, route.Gateway)
	}
	return here
}

// interfacePrefixes returns the addresses of all interfaces that are up, with
// the prefixes of their links. An interface that vanishes meanwhile is left
// out.
func (s *Socket) interfacePrefixes() []netip.Prefix {
	interfaces, err := net.Interfaces()
	if err != nil {
		s.config.Logger.Warn().Err(err).Msg("cannot list network interfaces")
		return nil
	}
	var list []netip.Prefix
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, addr := range addrs {
			if n, ok := addr.(*net.IPNet); ok {
				list = append(list, prefixOf(n))
			}
		}
	}
	return list
}

// prefixOf turns an interface address into a prefix that keeps its host bits.
func prefixOf(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits)
}

// usableAddrs picks the addresses peers can reach, IPv4 first: those of a
// family that a socket bound to the wildcard address bound receives on.
func usableAddrs(interfaces []netip.Prefix, bound netip.Addr) []netip.Addr {
	var addrs []netip.Addr
	for _, p := range interfaces {
		addr := p.Addr()
		scope := addressscope.Of(addr)
		if scope != addressscope.Global && scope != addressscope.Private || bound.Is4() && !addr.Is4() {
			continue
		}
		if !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	rank := func(a netip.Addr) int {
		switch {
		case a.Is4():
			return 0
		case addressscope.Of(a) == addressscope.Global:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return rank(a) - rank(b) })
	return addrs
}

// preferredSources returns the addresses the kernel sends from towards the
// internet, IPv6's before IPv4's. They are the ones our probes will come from:
// of several IPv6 addresses the temporary one, of several links the one with
// the default route. Connecting a UDP socket asks the routing table and sends
// nothing.
func preferredSources() []netip.Addr {
	var sources []netip.Addr
	for _, far := range []string{"[2001:db8::1]:9", "192.0.2.1:9"} {
		conn, err := net.Dial("udp", far)
		if err != nil {
			continue // no route for this family
		}
		sources = append(sources, unmapped(conn.LocalAddr().(*net.UDPAddr).AddrPort()).Addr())
		conn.Close()
	}
	return sources
}

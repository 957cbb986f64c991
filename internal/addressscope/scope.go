// Package addressscope says how far an IP address reaches, by IANA's registries
// of special-purpose addresses (RFC 6890). It serves whoever decides about
// endpoints that others name: the candidate filter of package punch/socket, and
// package portmap. It knows the registries, not the machine: what is on our own
// link is the caller's to find out.
package addressscope

import (
	"net/netip"
	"slices"
)

// Scope is how far an address reaches.
type Scope int

// The scopes, from nowhere to everywhere.
const (
	// None: nothing that one peer can be for another.
	None Scope = iota
	Loopback
	// Private: valid inside one network, and somebody else in the next.
	Private
	Global
)

// privatePrefixes are somebody else in every network: RFC 1918, carrier-grade
// NAT (RFC 6598) and unique local addresses (RFC 4193).
var privatePrefixes = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")

// nonePrefixes are the rest of what IANA's registries (IPv4 and IPv6
// special-purpose address space, RFC 6890) call not globally reachable, and
// every form of IPv6 address in which an IPv4 address can hide. The
// documentation ranges of RFC 5737 and RFC 3849 are missing on purpose: test
// networks use them as their internet, and on the real one nobody answers
// there.
var nonePrefixes = prefixes(
	"0.0.0.0/8",      // this network (RFC 791): Linux takes it for itself
	"169.254.0.0/16", // link-local (RFC 3927), and the metadata service of clouds
	"192.0.0.0/24",   // protocol assignments (RFC 6890), with DS-Lite's
	"192.88.99.0/24", // 6to4 relays, deprecated (RFC 7526)
	"198.18.0.0/15",  // benchmarking (RFC 2544)
	"224.0.0.0/4",    // multicast
	"240.0.0.0/4",    // reserved, and limited broadcast
	"2001::/23",      // protocol assignments (RFC 2928): Teredo, benchmarking, ORCHID
	"2002::/16",      // 6to4: holds an IPv4 address (RFC 3056)
	"64:ff9b::/96",   // NAT64: holds an IPv4 address (RFC 6052)
	"64:ff9b:1::/48", // NAT64, local use (RFC 8215)
)

// globalIPv6 is all of IPv6 that IANA has given out as global unicast
// addresses. What is outside is nobody's: "::/96" with its embedded IPv4, the
// discard prefix, link-local and site-local addresses, multicast.
var globalIPv6 = netip.MustParsePrefix("2000::/3")

// Of classifies addr. Unmap it first: IPv4-mapped addresses are None, and so is
// the zero Addr.
func Of(addr netip.Addr) Scope {
	within := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case addr.IsLoopback() && !addr.Is4In6():
		return Loopback
	case slices.ContainsFunc(privatePrefixes, within):
		return Private
	case slices.ContainsFunc(nonePrefixes, within):
		return None
	case addr.Is4() || globalIPv6.Contains(addr):
		return Global
	}
	return None
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

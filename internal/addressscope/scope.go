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
	"3fff::/20",      // documentation that no test network of ours uses (RFC 9637)
	"2002::/16",      // 6to4: holds an IPv4 address (RFC 3056)
	"64:ff9b::/96",   // NAT64: holds an IPv4 address (RFC 6052)
	"64:ff9b:1::/48", // NAT64, local use (RFC 8215)
)

// metadataPrefixes are where clouds hand their machines credentials, beside the
// link-local 169.254.169.254. Their addresses look like any other.
var metadataPrefixes = prefixes(
	"100.100.100.200/32", // Alibaba
	"168.63.129.16/32",   // Azure
	"fd00:ec2::/32",      // AWS
	"fd20:ce::/32",       // Google
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
	case isISATAP(addr), slices.ContainsFunc(metadataPrefixes, within):
		return None
	case slices.ContainsFunc(privatePrefixes, within):
		return Private
	case slices.ContainsFunc(nonePrefixes, within):
		return None
	case addr.Is4() || globalIPv6.Contains(addr):
		return Global
	}
	return None
}

// isISATAP reports whether addr holds an IPv4 address behind an interface
// identifier of 0000:5efe or 0200:5efe, whatever the prefix (RFC 5214 section 6.1):
// a router in between would unpack the packet and send it there.
func isISATAP(addr netip.Addr) bool {
	if !addr.Is6() {
		return false
	}
	b := addr.As16()
	return b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

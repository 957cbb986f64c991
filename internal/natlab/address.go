//go:build linux

package natlab

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The lab's address plan. Public addresses come from the documentation ranges of RFC 5737, so that nothing that
// leaks out of a lab can reach anybody.
var (
	internetGateway = netip.MustParseAddr("192.0.2.1")
	carrierPrefix   = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
)

// An addressPool hands out the host addresses of a prefix, from .1 upwards.
type addressPool struct {
	prefix netip.Prefix
	last   netip.Addr
}

func newAddressPool(prefix string) addressPool {
	p := netip.MustParsePrefix(prefix)
	return addressPool{prefix: p, last: p.Addr()}
}

func (p *addressPool) next() (netip.Addr, error) {
	next := p.last.Next()
	if !p.prefix.Contains(next.Next()) { // the last address of a prefix is its broadcast address
		return netip.Addr{}, fmt.Errorf("no address left in %v", p.prefix)
	}
	p.last = next
	return next, nil
}

// familyOf is addr's family in the kernel's words.
func familyOf(addr netip.Addr) int {
	if addr.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// hostPrefix is addr alone, as a route or interface address.
func hostPrefix(addr netip.Addr) *net.IPNet { return ipNet(netip.PrefixFrom(addr, addr.BitLen())) }

// ipNet keeps the host bits of p, as interface addresses need.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

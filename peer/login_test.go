package peer

import (
	"net/netip"
	"testing"
)

func TestRendezvousIsReachedByTheFamilyTheHostHas(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	mapped := netip.MustParseAddr("::ffff:192.0.2.1")
	all := func(netip.Addr) bool { return true }
	none := func(netip.Addr) bool { return false }
	cases := []struct {
		name      string
		addresses []netip.Addr
		routed    func(netip.Addr) bool
		want      netip.Addr
	}{
		{"a host with both families punches by IPv4", []netip.Addr{six, four}, all, four},
		{"a mapped address is an IPv4 address", []netip.Addr{six, mapped}, all, four},
		{"a host without IPv4 goes by IPv6", []netip.Addr{four, six}, netip.Addr.Is6, six},
		{"a host without IPv6 goes by IPv4", []netip.Addr{six, four}, netip.Addr.Is4, four},
		{"a host without a network tries IPv4", []netip.Addr{six, four}, none, four},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := preferred(c.addresses, c.routed); got != c.want {
				t.Errorf("chose %v of %v, want %v", got, c.addresses, c.want)
			}
		})
	}
}

package punch

import (
	"net/netip"
	"strings"
	"testing"

	"peerd/wire"
)

func TestOwnHopsAndOpenerTTL(t *testing.T) {
	const observed = "198.51.100.1"
	for _, test := range []struct {
		name    string
		routers string // "-": nobody reported
		reached int
		mapping wire.Mapping
		own     int
		ttl     int
	}{
		{"a home router", "192.168.1.1 192.0.2.1 192.0.2.2 - - - - -", 4, wire.MappingEIM, 1, 2},
		{"a home router and a carrier's NAT", "192.168.1.1 100.64.0.1 192.0.2.1 192.0.2.2", 0, wire.MappingEIM, 2, 3},
		{"a home router that shows the observed address", "198.51.100.1 192.0.2.1 192.0.2.2", 0, wire.MappingEIM, 1, 2},
		{"a home router that shows another public address", "203.0.113.7 192.0.2.1 192.0.2.2", 0, wire.MappingEIM, 1, 2},
		{"a home router that says nothing", "- 192.0.2.1 192.0.2.2", 0, wire.MappingEIM, 1, 2},
		{"a carrier's NAT behind a router that says nothing", "- 100.64.0.1 192.0.2.1", 0, wire.MappingEIM, 2, 3},
		{"a provider with private addresses", "192.168.1.1 10.0.0.1 10.0.0.2 192.0.2.1", 0, wire.MappingEIM, 3, 4},
		{"private addresses behind the first public one are not ours", "192.168.1.1 192.0.2.1 10.0.0.2 192.0.2.2", 0, wire.MappingEIM, 1, 2},
		{"a public host", "192.0.2.1 192.0.2.2 - -", 3, wire.MappingNone, 0, 1},
		{"the rendezvous is right behind the router", "192.168.1.1 - - -", 2, wire.MappingEIM, 1, 0},
		{"the next router says nothing but is none of the rendezvous", "192.168.1.1 - - -", 3, wire.MappingEIM, 1, 2},
		{"nobody says anything", "- - - -", 4, wire.MappingEIM, 1, 0},
		{"private as far as the sweep went", "192.168.1.1 10.0.0.1", 0, wire.MappingEIM, 2, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			sweep := sweptBy(test.routers)
			sweep.Reached = test.reached
			own := sweep.OwnHops(netip.MustParseAddr(observed), test.mapping)
			if ttl := sweep.OpenerTTL(own); own != test.own || ttl != test.ttl {
				t.Errorf("%d hops of ours, opener TTL %d, want %d and %d", own, ttl, test.own, test.ttl)
			}
		})
	}
}

func TestASilentRouterIsNotTakenForAnUnknownAddressOfOurs(t *testing.T) {
	if own := sweptBy("192.168.1.1 - 192.0.2.2").OwnHops(netip.Addr{}, wire.MappingUnknown); own != 1 {
		t.Errorf("%d hops of ours, want 1", own)
	}
}

func TestASweepIsSettledByTheFirstForeignRouter(t *testing.T) {
	for routers, want := range map[string]bool{
		"192.168.1.1 192.0.2.1 - -":            true,
		"192.168.1.1 198.51.100.1 192.0.2.1 -": true,
		"192.168.1.1 - 192.0.2.1 192.0.2.2":    false,
		"192.168.1.1 100.64.0.1":               false,
		"- 192.0.2.1":                          false,
		"192.0.2.1":                            true,
	} {
		if got := sweptBy(routers).Settled(netip.MustParseAddr("198.51.100.1")); got != want {
			t.Errorf("%q: settled is %v, want %v", routers, got, want)
		}
	}
}

// sweptBy reads the routers of a sweep; "-" is one that nobody reported.
func sweptBy(routers string) (sweep Sweep) {
	for _, router := range strings.Fields(routers) {
		address, _ := netip.ParseAddr(router) // "-" gives the zero Addr
		sweep.Routers = append(sweep.Routers, address)
	}
	return sweep
}

//go:build linux

package flood

import (
	"net/netip"
	"testing"
)

// The limits are by source: an attack from many must come from many, and one from a
// single source from that.
func TestSourcesAreOfTheirNetwork(t *testing.T) {
	for _, network := range []netip.Prefix{attackers4, attackers6, honest4, one4, one56} {
		drawn, sources := map[netip.Addr]bool{}, map[netip.Prefix]bool{}
		for range 1000 {
			addr := pick(network)
			if !network.Contains(addr) {
				t.Fatalf("%v is not in %v", addr, network)
			}
			drawn[addr] = true
			bits := 32
			if addr.Is6() {
				bits = 56
			}
			source, _ := addr.Prefix(bits)
			sources[source] = true
		}
		if single := network == one4 || network == one56; single != (len(sources) == 1) {
			t.Errorf("%v: %d addresses of %d sources", network, len(drawn), len(sources))
		}
	}
}

func TestEveryAttackIsPlayable(t *testing.T) {
	for _, a := range attacks {
		for _, name := range a.parts {
			if parts[name] == nil {
				t.Errorf("%s: no part is called %q", a.name, name)
			}
		}
	}
	for kind, write := range junkKinds {
		if len(write()) == 0 {
			t.Errorf("%s is empty", kind)
		}
	}
}

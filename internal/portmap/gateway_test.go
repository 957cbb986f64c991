package portmap

import (
	"net/netip"
	"slices"
	"testing"
)

func TestOnlyGatewaysBehindANATAreAsked(t *testing.T) {
	at := func(address, local string) gateway {
		return gateway{netip.MustParseAddr(address), netip.MustParseAddr(local), "eth0"}
	}
	home, carrier := at("192.168.1.1", "192.168.1.2"), at("100.64.0.1", "100.64.0.2")
	got := behindNAT([]gateway{
		home,
		at("1.2.3.1", "1.2.3.4"), // a server in a data centre
		carrier,
		at("192.168.1.1", "192.168.1.1"), // the router itself
		at("127.0.0.1", "127.0.0.2"),
		at("fe80::1", "fe80::2"),
	})
	if want := []gateway{home, carrier}; !slices.Equal(got, want) {
		t.Errorf("asked: %v, want %v", got, want)
	}
}

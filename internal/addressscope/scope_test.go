package addressscope

import (
	"net/netip"
	"testing"
)

func TestAddressesReachAsFarAsTheRegistriesSay(t *testing.T) {
	for text, want := range map[string]Scope{
		"1.2.3.4":          Global,
		"198.51.100.1":     Global, // documentation: a test's internet
		"2001:db8::1":      Global,
		"2606:4700::1":     Global,
		"10.1.2.3":         Private,
		"172.31.255.255":   Private,
		"172.32.0.0":       Global,
		"192.168.0.2":      Private,
		"100.64.0.2":       Private, // carrier-grade NAT
		"fd00::1":          Private,
		"127.0.0.1":        Loopback,
		"::1":              Loopback,
		"::ffff:127.0.0.1": None,
		"::ffff:1.2.3.4":   None,
		"0.1.2.3":          None,
		"169.254.169.254":  None,
		"192.0.0.2":        None,
		"192.88.99.1":      None,
		"198.18.0.1":       None,
		"224.0.0.1":        None,
		"255.255.255.255":  None,
		"fe80::1":          None,
		"2002:7f00:1::":    None,
		"64:ff9b::1":       None,
		"100::1":           None,
	} {
		if got := Of(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: scope %d, want %d", text, got, want)
		}
	}
	if got := Of(netip.Addr{}); got != None {
		t.Errorf("the zero address: scope %d, want none", got)
	}
}

package addressscope

import (
	"net/netip"
	"testing"
)

// TestT03AddressesReachAsFarAsTheRegistriesSay holds the forms in which an address
// that is nobody's business has passed other programs' filters.
func TestT03AddressesReachAsFarAsTheRegistriesSay(t *testing.T) {
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

		"64:ff9b::7f00:1":              None, // NAT64
		"64:ff9b:1::7f00:1":            None, // NAT64, local use
		"64:ff9b:1:abcd:7f:0:100:0":    None, // the same, with a shorter prefix
		"::127.0.0.1":                  None, // IPv4-compatible
		"::192.0.2.1":                  None,
		"::ffff:0:127.0.0.1":           None, // IPv4-translated (RFC 2765)
		"2001:0:c000:201::80ff:fffe":   None, // Teredo of 127.0.0.1
		"2001:db8::5efe:7f00:1":        None, // ISATAP
		"2606:4700::200:5efe:10.0.0.1": None, // ISATAP, universal
		"fd00:1::5efe:192.168.1.1":     None,
		"fe80::5efe:127.0.0.1":         None,
		"2606:4700::5eff:7f00:1":       Global, // no ISATAP
		"240.0.0.1":                    None,
		"0.0.0.0":                      None,
		"::":                           None,
		"ff02::1":                      None,
		"fec0::1":                      None,
		"3fff::1":                      None,
		"fd00:ec2::254":                None,
		"fd20:ce::254":                 None,
		"100.100.100.200":              None,
		"168.63.129.16":                None,
		"168.63.129.17":                Global,
		"100.64.0.1":                   Private,
		"fe80::1%eth0":                 None,
		"2606:4700::1%eth0":            None,
	} {
		if got := Of(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: scope %d, want %d", text, got, want)
		}
	}
	if got := Of(netip.Addr{}); got != None {
		t.Errorf("the zero address: scope %d, want none", got)
	}
}

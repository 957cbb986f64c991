package portmap

import (
	"net/netip"
	"testing"
)

func TestOnlyInternetAddressesArePublic(t *testing.T) {
	for text, want := range map[string]bool{
		"1.2.3.4":        true,
		"198.51.100.1":   true, // documentation: a test's internet
		"192.168.0.2":    false,
		"10.1.2.3":       false,
		"172.20.0.1":     false,
		"100.64.0.2":     false, // carrier-grade NAT
		"192.0.0.2":      false, // DS-Lite
		"169.254.1.1":    false,
		"127.0.0.1":      false,
		"0.0.0.0":        false,
		"0.1.2.3":        false,
		"198.18.0.1":     false,
		"224.0.0.1":      false,
		"240.0.0.1":      false,
		"2001:db8::1":    false, // we map IPv4 only
		"::ffff:1.2.3.4": false,
	} {
		m := Mapping{External: netip.AddrPortFrom(netip.MustParseAddr(text), 1)}
		if got := m.IsPublic(); got != want {
			t.Errorf("%s: public is %v, want %v", text, got, want)
		}
	}
	if (Mapping{}).IsPublic() {
		t.Error("a lost mapping is public")
	}
}

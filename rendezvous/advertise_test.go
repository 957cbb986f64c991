package rendezvous

import (
	"net/netip"
	"testing"
)

func TestAdvertise(t *testing.T) {
	listening := netip.MustParseAddrPort("198.51.100.7:7700")
	cases := []struct{ name, wish, want string }{
		{"the listen address when nothing is said", "", "198.51.100.7:7700"},
		{"a name gets our port", "rv.example", "rv.example:7700"},
		{"a forwarded port is kept", "rv.example:443", "rv.example:443"},
		{"an IPv6 address gets brackets", "2001:db8::1", "[2001:db8::1]:7700"},
		{"and may have them already", "[2001:db8::1]", "[2001:db8::1]:7700"},
		{"with a port", "[2001:db8::1]:443", "[2001:db8::1]:443"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := advertise(c.wish, listening); got != c.want {
				t.Errorf("advertise(%q) = %q, want %q", c.wish, got, c.want)
			}
		})
	}
}

func TestAdvertiseWarning(t *testing.T) {
	cases := []struct {
		name, address string
		warns         bool
	}{
		{"a public address", "198.51.100.7:7700", false},
		{"a public IPv6 address", "[2001:db8::1]:7700", false},
		{"a host name", "rv.example:7700", false},
		{"a private address", "192.168.1.2:7700", true},
		{"a carrier's private address", "100.64.3.4:7700", true},
		{"a unique local address", "[fd00::1]:7700", true},
		{"loopback", "127.0.0.1:7700", true},
		{"link-local", "[fe80::1]:7700", true},
		{"nothing", "0.0.0.0:7700", true},
		{"a private address in IPv6 clothes", "[::ffff:10.0.0.1]:7700", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := AdvertiseWarning(c.address); (got != "") != c.warns {
				t.Errorf("AdvertiseWarning(%q) = %q", c.address, got)
			}
		})
	}
}

func TestUnusableInviteDetailsAreRefusedAtTheStart(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Advertise = "two words" },
		func(c *Config) { c.Circle = "a,b" },
	} {
		config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir()}
		change(&config)
		if s, err := Open(config); err == nil {
			t.Errorf("opened with %q and %q", config.Advertise, config.Circle)
			_ = s.Close()
		}
	}
}

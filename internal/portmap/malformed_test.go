package portmap

import (
	"net/netip"
	"testing"

	"peerd/internal/spoil"
)

// Anybody in the local network can send what looks like a router's answer.
func TestT14AnswersOfRoutersMayBeSpoilt(t *testing.T) {
	for _, c := range []struct {
		name    string
		dialect dialect
		answers [][]byte
	}{
		{"NAT-PMP", testNATPMP, [][]byte{unhex("00800000 00000007 01020304"), unhex("00810000 00000007 9c40 9c41 00000258")}},
		{"PCP", testPCP, [][]byte{pcpAnswer(0, "00000258", "00000007"), pcpAnswer(8, "00000258", "00000007"),
			unhex("02800000 00000000 00000007 00000000 00000000 00000000")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, whole := range c.answers {
				for spoilt := range spoil.Everything(whole) {
					checkAnswer(t, c.dialect, spoilt)
				}
			}
		})
	}
	t.Run("UPnP", func(t *testing.T) {
		router := netip.MustParseAddr("192.168.1.1")
		for spoilt := range spoil.Everything([]byte(searchAnswer)) {
			if location, err := parseLocation(spoilt, router); err == nil && location.Hostname() != "192.168.1.1" {
				t.Fatalf("%q leads to %v", spoilt, location)
			}
		}
	})
}

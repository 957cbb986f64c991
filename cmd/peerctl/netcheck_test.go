package main

import (
	"net/netip"
	"slices"
	"testing"

	"peerd/peer/api"
)

// TestAMappedPortIsShown proves that who looks at the network sees what the
// router forwards, each endpoint on a line of its own.
func TestAMappedPortIsShown(t *testing.T) {
	first, second := netip.MustParseAddrPort("203.0.113.5:7701"), netip.MustParseAddrPort("198.51.100.5:7701")
	check := api.Netcheck{NAT: api.NAT{Mapping: "apdm", Mapped: api.Endpoints{first, second}}}
	for _, text := range []texts{english, chinese} {
		shown := (&app{text: &text}).netcheckTable(check)
		i := slices.IndexFunc(shown, func(row []string) bool { return row[0] == text.Mapped })
		if i < 0 || shown[i][1] != first.String() || shown[i+1][0] != "" || shown[i+1][1] != second.String() {
			t.Errorf("no rows %q with %v and %v in %q", text.Mapped, first, second, shown)
		}
	}
}

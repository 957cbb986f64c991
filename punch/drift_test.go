package punch

import (
	"net/netip"
	"testing"
	"time"
)

func TestDrift(t *testing.T) {
	port := func(port uint16) netip.AddrPort { return at(port)[0] }
	for _, test := range []struct {
		name          string
		before, after netip.AddrPort
		step          int
		elapsed       time.Duration
		want          float64
		ok            bool
	}{
		{"nobody else opens flows", port(7000), port(7001), 1, time.Second / 4, 0, true},
		{"five flows in a quarter of a second", port(7000), port(7006), 1, time.Second / 4, 20, true},
		{"in steps of two", port(7000), port(7012), 2, time.Second / 4, 20, true},
		{"counting down", port(7006), port(7000), -1, time.Second / 4, 20, true},
		{"the ports have begun again", port(59_999), port(20_003), 1, time.Second / 4, 0, false},
		{"another address", port(7000), netip.MustParseAddrPort("198.51.100.2:7001"), 1, time.Second, 0, false},
		{"a NAT that does not count", port(7000), port(7001), 0, time.Second, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, ok := Drift(test.before, test.after, test.step, test.elapsed); got != test.want || ok != test.ok {
				t.Errorf("got %v, %v, want %v, %v", got, ok, test.want, test.ok)
			}
		})
	}
}

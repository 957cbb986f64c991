package classic

import (
	"net/netip"
	"testing"
	"time"
)

func TestRationIsEachAddressesOwn(t *testing.T) {
	r := newRation(2, 3)
	flooder := netip.MustParseAddr("198.51.100.1")
	honest := flooder.Next()
	for r.bucket(honest) == r.bucket(flooder) { // those share, once in 4096
		honest = honest.Next()
	}
	taken := func(address netip.Addr, now time.Time) (n int) {
		for range 10 {
			if r.take(address, now) {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		name    string
		address netip.Addr
		at      time.Duration
		want    int
	}{
		{"the burst", flooder, 0, 3},
		{"what comes back in a second", flooder, time.Second, 2},
		{"never more than the burst", flooder, time.Hour, 3},
		{"and somebody else's", honest, time.Hour, 3},
	} {
		if got := taken(c.address, start.Add(c.at)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

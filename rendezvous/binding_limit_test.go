package rendezvous

import (
	"net/netip"
	"testing"
	"time"

	"peerd/internal/ration"
)

func TestT01NeighboursShareTheBindingLimit(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	s := &Server{bindings: ration.New(bindingRate, bindingBurst)}
	drain := func(source string, now time.Time) (allowed int) {
		for s.mayAnswer(netip.MustParseAddr(source), now) {
			allowed++
		}
		return allowed
	}
	if got := drain("192.0.2.1", start); got != bindingBurst {
		t.Errorf("burst of %d, want %d", got, bindingBurst)
	}
	drain("2001:db8:1::1", start)
	if drain("192.0.2.200", start) != 0 || drain("2001:db8:1:ffff::1", start) != 0 {
		t.Error("another address of the same /24 or /48 got more")
	}
	if got := drain("192.0.2.1", start.Add(time.Second)); got != bindingRate {
		t.Errorf("%d a second later, want %d", got, bindingRate)
	}
}

package peer

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"peerd/wire"
)

// TestOutageOfHoursEndsLikeOneOfMinutes proves that how soon we are back, and a
// message that waits is delivered, does not depend on how long nothing got through:
// every pause has a bound, and together they keep the promise of 65 s.
func TestOutageOfHoursEndsLikeOneOfMinutes(t *testing.T) {
	pause, outage := firstPause, time.Duration(0)
	for outage < 7*24*time.Hour {
		wait := pauseAfter(syscall.ENETUNREACH, pause)
		if wait > longestPause {
			t.Fatalf("after %v the next login waits %v", outage, wait)
		}
		pause = longer(pause)
		outage += wait + loginTimeout
	}
	// An attempt that began too early has to end, then another succeeds; the
	// message is sent again when the connection of before does not answer.
	if worst := loginTimeout + longestPause + loginTimeout + pongPatience + handshakeTimeout; worst > 65*time.Second {
		t.Errorf("a message that waits may have to for %v", worst)
	}
	if wait := pauseAfter(wire.Refused{Code: wire.RefusedBusy}, pause); wait > longestPause {
		t.Errorf("a busy rendezvous is asked again after %v", wait)
	}
}

func TestRendezvousIsReachedByTheFamilyTheHostHas(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	mapped := netip.MustParseAddr("::ffff:192.0.2.1")
	all := func(netip.Addr) bool { return true }
	none := func(netip.Addr) bool { return false }
	cases := []struct {
		name      string
		addresses []netip.Addr
		routed    func(netip.Addr) bool
		want      netip.Addr
	}{
		{"a host with both families punches by IPv4", []netip.Addr{six, four}, all, four},
		{"a mapped address is an IPv4 address", []netip.Addr{six, mapped}, all, four},
		{"a host without IPv4 goes by IPv6", []netip.Addr{four, six}, netip.Addr.Is6, six},
		{"a host without IPv6 goes by IPv4", []netip.Addr{six, four}, netip.Addr.Is4, four},
		{"a host without a network tries IPv4", []netip.Addr{six, four}, none, four},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := preferred(c.addresses, c.routed); got != c.want {
				t.Errorf("chose %v of %v, want %v", got, c.addresses, c.want)
			}
		})
	}
}

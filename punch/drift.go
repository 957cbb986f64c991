package punch

import (
	"net/netip"
	"time"
)

// Drift returns how many flows per second other traffic opened at a NAT that
// counts in the given step, between two samples of sockets of ours that were
// opened one right after the other otherwise. It reports false when the two
// cannot be compared: the NAT has begun again at the start of its ports, or has
// another outside address.
func Drift(before, after netip.AddrPort, step int, elapsed time.Duration) (perSecond float64, ok bool) {
	if step == 0 || elapsed <= 0 || before.Addr() != after.Addr() {
		return 0, false
	}
	flows := (int(after.Port())-int(before.Port()))/step - 1 // one is the second sample's own
	if flows < 0 {
		return 0, false
	}
	return float64(flows) / elapsed.Seconds(), true
}

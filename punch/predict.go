package punch

import (
	"net/netip"

	"peerd/wire"
)

// Predict returns up to count endpoints at which a sequential NAT may have
// mapped a socket about the time of the samples: the next ports after the last
// sample and the ones before the first, in turns, nearest first. There are none
// for other NATs.
func Predict(samples []netip.AddrPort, count int) []netip.AddrPort {
	allocation, step := Sequence(samples)
	if allocation != wire.AllocationSequential {
		return nil
	}
	first, last := samples[0], samples[len(samples)-1]
	var predicted []netip.AddrPort
	for i := 1; len(predicted) < count && i <= count; i++ {
		for _, port := range [2]int{int(last.Port()) + i*step, int(first.Port()) - i*step} {
			if port > 0 && port <= 0xffff && len(predicted) < count {
				predicted = append(predicted, netip.AddrPortFrom(first.Addr(), uint16(port)))
			}
		}
	}
	return predicted
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

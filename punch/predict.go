package punch

import (
	"net/netip"

	"peerd/wire"
)

const (
	// LeastSamples is how many samples tell a sequential NAT from a random one:
	// two equal steps in a row happen by chance once in tens of thousands.
	LeastSamples = 3
	// largestStep is the largest distance between two ports that still counts as
	// counting up. Real routers use 1 or 2, and other traffic comes in between.
	largestStep = 32
)

// Sequence says how a NAT allocates ports, judging by samples: the endpoints at
// which one server observed sockets that were opened and used one after the
// other. The step is that from one allocation to the next, negative when the
// NAT counts down, and zero unless the allocation is sequential. Too few
// samples, or samples at several addresses, tell nothing (RFC 4787 section 4.2
// has the words; the method is that of Klinec and Matyáš, 2014).
func Sequence(samples []netip.AddrPort) (allocation wire.Allocation, step int) {
	if len(samples) < LeastSamples {
		return wire.AllocationUnknown, 0
	}
	for i, sample := range samples[1:] {
		if sample.Addr() != samples[0].Addr() {
			return wire.AllocationUnknown, 0
		}
		distance := int(sample.Port()) - int(samples[i].Port())
		if distance == 0 || abs(distance) > largestStep || step != 0 && distance > 0 != (step > 0) {
			return wire.AllocationRandom, 0
		}
		if step == 0 || abs(distance) < abs(step) {
			step = distance // the larger ones had other traffic in between
		}
	}
	return wire.AllocationSequential, step
}

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

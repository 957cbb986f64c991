package punch

import (
	"net/netip"

	"peerd/wire"
)

const (
	// LeastSamples is how many samples tell a sequential NAT from a random one:
	// two small steps in a row happen by chance once in some ten million times.
	LeastSamples = 3
	// BlockSamples is how many samples tell a NAT that picks ports from a block
	// from one that picks them anywhere: of 12 ports drawn at random, all lie
	// within widestBlock of each other once in 10^15 times.
	BlockSamples = 12
	// widestBlock is the largest range of ports that counts as a block. Carriers
	// give out 64 to 2,048 (RFC 7422 has examples); a wider one would not make
	// spraying it any cheaper than spraying them all.
	widestBlock = 2048
	// largestStep is the largest distance between two ports that still counts as
	// counting up. Real routers use 1 or 2, and other traffic comes in between.
	largestStep = 32
	// wrapSamples is how many samples it takes to believe that a NAT that counts
	// has come to the end of its ports and begun again.
	wrapSamples = 5
)

// A Sample is one socket as the rendezvous sees it.
type Sample struct {
	Local    uint16 // its own port
	Observed netip.AddrPort
}

// Allocation is how a NAT gives out ports. The zero Allocation knows nothing.
type Allocation struct {
	Kind wire.Allocation
	// Step is the distance from one sequential allocation to the next, negative
	// when the NAT counts down.
	Step int
	// FirstPort and LastPort confine a block, as far as the samples reach: the
	// true block is somewhat wider.
	FirstPort, LastPort uint16
}

// AllocationOf judges by samples of sockets that were opened and used one after
// the other (RFC 4787 section 4.2 has the words). It answers unknown when there
// are too few of them, or several outside addresses; when the ports may be from
// a block, too few means less than BlockSamples.
func AllocationOf(samples []Sample) Allocation {
	observed := make([]netip.AddrPort, len(samples))
	preserved := 0
	for i, sample := range samples {
		observed[i] = sample.Observed
		if sample.Local == sample.Observed.Port() {
			preserved++
		}
	}
	// A port that is taken already is not preserved; more than that is a choice.
	if preserved > 0 && 2*preserved >= len(samples) {
		return Allocation{Kind: wire.AllocationPreserving}
	}
	kind, step := sequence(observed)
	if kind != wire.AllocationRandom {
		return Allocation{Kind: kind, Step: step}
	}
	first, last := portRange(observed)
	switch {
	case int(last)-int(first) >= widestBlock:
		return Allocation{Kind: wire.AllocationRandom}
	case len(samples) < BlockSamples:
		return Allocation{}
	}
	return Allocation{Kind: wire.AllocationBlock, FirstPort: first, LastPort: last}
}

// sequence says whether a NAT counts, judging by samples: the endpoints at
// which one server observed sockets that were opened and used one after the
// other. The step is that from one allocation to the next, negative when the
// NAT counts down, and zero unless the allocation is sequential. Too few
// samples, or samples at several addresses, tell nothing (the method is that of
// Klinec and Matyáš, 2014).
func sequence(samples []netip.AddrPort) (allocation wire.Allocation, step int) {
	if len(samples) < LeastSamples {
		return wire.AllocationUnknown, 0
	}
	var distances []int
	for i, sample := range samples[1:] {
		if sample.Addr() != samples[0].Addr() {
			return wire.AllocationUnknown, 0
		}
		distances = append(distances, int(sample.Port())-int(samples[i].Port()))
	}
	for _, direction := range [2]int{1, -1} {
		if step, counts := countsTowards(direction, distances); counts {
			return wire.AllocationSequential, step
		}
	}
	return wire.AllocationRandom, 0
}

// countsTowards reports whether ports with these distances were given out in
// one direction, 1 or -1, and the step: the smallest distance, as the larger
// ones had other traffic in between. One leap back is the end of the range.
func countsTowards(direction int, distances []int) (step int, counts bool) {
	leaps := 0
	for _, distance := range distances {
		distance *= direction
		switch {
		case 0 < distance && distance <= largestStep:
			if step == 0 || distance < step {
				step = distance
			}
		case distance < -largestStep && len(distances)+1 >= wrapSamples:
			leaps++
		default:
			return 0, false
		}
	}
	return step * direction, leaps <= 1
}

// portRange returns the lowest and the highest port.
func portRange(samples []netip.AddrPort) (first, last uint16) {
	first = samples[0].Port()
	for _, sample := range samples {
		first, last = min(first, sample.Port()), max(last, sample.Port())
	}
	return first, last
}

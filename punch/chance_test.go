package punch

import (
	"math"
	"testing"

	"peerd/wire"
)

// TestBirthdayAgreesWithPublishedTables proves the formula with figures that
// were computed elsewhere: Tailscale's "How NAT traversal works" has 50 %, 64 %,
// 98 % and 99.9 % for 256 sockets.
func TestBirthdayAgreesWithPublishedTables(t *testing.T) {
	for _, test := range []struct {
		sockets, probed, all int
		want                 float64
	}{
		{256, 175, portsOfRandom, 0.50},
		{256, 256, portsOfRandom, 0.639},
		{256, 1024, portsOfRandom, 0.984},
		{256, 1715, portsOfRandom, 0.999},
		{64, 4477, portsOfRandom, 0.99},
		{512, 512, portsOfRandom, 0.983},
		{64, 34, 512, 0.99},
		{640, 640, portsOfRandom, 0.9983},
		{64, 128, 1024, 0.9998},
		{64, 128, 64, 1},  // a block that the sockets fill
		{64, 128, 150, 1}, // fewer ports are free of sockets than are probed
		{0, 128, 1024, 0},
	} {
		if got := birthday(test.sockets, test.probed, test.all); math.Abs(got-test.want) > 0.002 {
			t.Errorf("%d sockets, %d of %d ports probed: %.4f, want %.4f", test.sockets, test.probed, test.all, got, test.want)
		}
	}
}

func TestChanceOfEveryClassOfPair(t *testing.T) {
	var (
		blocked = wire.NATReport{}
		public  = wire.NATReport{Mapping: wire.MappingNone}
		open    = wire.NATReport{Mapping: wire.MappingEIM, Filtering: wire.FilteringEIF}
		home    = wire.NATReport{Mapping: wire.MappingEIM, Filtering: wire.FilteringAPDF}
		counts  = wire.NATReport{Mapping: wire.MappingAPDM, Allocation: wire.AllocationSequential}
		random  = wire.NATReport{Mapping: wire.MappingAPDM, Allocation: wire.AllocationRandom}
		perAddr = wire.NATReport{Mapping: wire.MappingADM, Allocation: wire.AllocationRandom}
		vague   = wire.NATReport{Mapping: wire.MappingAPDM, Allocation: wire.AllocationBlock}
	)
	block := func(size int) wire.NATReport {
		return wire.NATReport{Mapping: wire.MappingAPDM, Allocation: wire.AllocationBlock, FirstPort: 2048, LastPort: uint16(2047 + size)}
	}
	for _, test := range []struct {
		name      string
		a, b      wire.NATReport
		low, high float64
	}{
		{"two ordinary homes", home, home, 0.99, 1},
		{"a home and a public host", home, public, 0.99, 1},
		{"a counting router and a home", counts, home, 0.97, 0.99},
		{"two counting routers", counts, counts, 0.95, 0.97},
		{"a random router and a home", random, home, 0.99, 1},
		{"a random router per address and a home", perAddr, home, 0.99, 1},
		{"a random router and one that lets anybody in", random, open, 0.995, 0.995},
		{"a block of 1024 and a home", block(1024), home, 0.994, 0.995},
		{"a block of 4096 and a home", block(4096), home, 0.86, 0.87},
		{"a block without bounds is any port", vague, home, 0.99, 1},
		{"two blocks of 512", block(512), block(512), 0.99, 1},
		{"two blocks of 1024", block(1024), block(1024), 0.38, 0.39},
		{"a block and a random router", block(512), random, 0, 0},
		{"a block of 512 and a counting router", block(512), counts, 0.97, 0.98},
		{"a random and a counting router", random, counts, 0, 0},
		{"two random routers", random, random, 0, 0},
		{"a random router and a public host of which no more is known", random, public, 0.995, 0.995},
		{"no UDP on one side", blocked, home, 0.64, 0.64},
		{"no UDP on both sides", blocked, blocked, 0.64, 0.64},
		{"no UDP and a random router", blocked, random, 0.64, 0.64},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Chance(test.a, test.b)
			if got < test.low || got > test.high {
				t.Errorf("chance is %.4f, want %.4f to %.4f", got, test.low, test.high)
			}
			if back := Chance(test.b, test.a); back != got {
				t.Errorf("seen from the other side it is %.4f, not %.4f", back, got)
			}
		})
	}
}

// TestAFalseReportYieldsNoNonsense proves that whatever a peer reports is a
// probability.
func TestAFalseReportYieldsNoNonsense(t *testing.T) {
	for mapping := range wire.Mapping(9) {
		for allocation := range wire.Allocation(9) {
			for _, last := range []uint16{0, 1, 2048, 65535} {
				theirs := wire.NATReport{Mapping: mapping, Allocation: allocation, FirstPort: 1, LastPort: last}
				if got := Chance(wire.NATReport{Mapping: wire.MappingEIM}, theirs); !(got >= 0 && got <= 1) {
					t.Errorf("%+v has the chance %v", theirs, got)
				}
				if got := Chance(theirs, theirs); !(got >= 0 && got <= 1) {
					t.Errorf("two of %+v have the chance %v", theirs, got)
				}
			}
		}
	}
}

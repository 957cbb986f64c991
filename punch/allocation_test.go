package punch

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"peerd/wire"
)

// at returns samples of one address, at the given ports.
func at(ports ...uint16) []netip.AddrPort {
	var samples []netip.AddrPort
	for _, port := range ports {
		samples = append(samples, netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), port))
	}
	return samples
}

func TestSequence(t *testing.T) {
	elsewhere := append(at(1000, 1001), netip.MustParseAddrPort("198.51.100.2:1002"))
	for _, test := range []struct {
		name       string
		samples    []netip.AddrPort
		allocation wire.Allocation
		step       int
	}{
		{"counts up", at(1000, 1001, 1002), wire.AllocationSequential, 1},
		{"counts up in twos", at(1000, 1002, 1004), wire.AllocationSequential, 2},
		{"counts down", at(1004, 1003, 1002), wire.AllocationSequential, -1},
		{"other traffic came in between", at(1000, 1004, 1005), wire.AllocationSequential, 1},
		{"jumps about", at(1000, 40000, 2000), wire.AllocationRandom, 0},
		{"goes up and down", at(1000, 1010, 1001), wire.AllocationRandom, 0},
		{"has one port for everything", at(1000, 1000, 1000), wire.AllocationRandom, 0},
		{"two samples are too few", at(1000, 1001), wire.AllocationUnknown, 0},
		{"begins again after its last port", at(59998, 59999, 20000, 20001, 20002), wire.AllocationSequential, 1},
		{"counts down to its first port and begins again", at(1026, 1024, 65534, 65532, 65530), wire.AllocationSequential, -2},
		{"leaps twice", at(59999, 20000, 20001, 20002, 59998, 20003), wire.AllocationRandom, 0},
		{"a leap among few samples", at(59998, 59999, 20000), wire.AllocationRandom, 0},
		{"several addresses tell nothing", elsewhere, wire.AllocationUnknown, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			allocation, step := sequence(test.samples)
			if allocation != test.allocation || step != test.step {
				t.Errorf("got %v step %d, want %v step %d", allocation, step, test.allocation, test.step)
			}
		})
	}
}

// sampled makes samples of sockets on local ports 5000, 5001 and so on.
func sampled(ports ...uint16) []Sample {
	var samples []Sample
	for i, observed := range at(ports...) {
		samples = append(samples, Sample{Local: uint16(5000 + i), Observed: observed})
	}
	return samples
}

func TestAllocationOf(t *testing.T) {
	block := []uint16{2001, 2700, 2150, 2999, 2500, 2048, 2333, 2111, 2850, 2420, 2015, 2640}
	for _, test := range []struct {
		name    string
		samples []Sample
		want    Allocation
	}{
		{"keeps the sockets' ports", sampled(5000, 5001, 5002), Allocation{Kind: wire.AllocationPreserving}},
		{"keeps them but for one that is taken", sampled(5000, 41234, 5002), Allocation{Kind: wire.AllocationPreserving}},
		{"counts", sampled(7000, 7002, 7004), Allocation{Kind: wire.AllocationSequential, Step: 2}},
		{"picks anywhere", sampled(7000, 41234, 2022), Allocation{Kind: wire.AllocationRandom}},
		{"picks from a block", sampled(block...), Allocation{Kind: wire.AllocationBlock, FirstPort: 2001, LastPort: 2999}},
		{"may pick from a block", sampled(block[:11]...), Allocation{}},
		{"a range of more than 2,048 ports is no block", sampled(append(block[:11:11], 4049)...), Allocation{Kind: wire.AllocationRandom}},
		{"nothing was sampled", nil, Allocation{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := AllocationOf(test.samples); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// Whoever sprays a block that is none wastes every probe.
func TestRandomPortsAreNotTakenForABlock(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		ports := make([]uint16, BlockSamples)
		for i := range ports {
			ports[i] = uint16(1024 + random.IntN(64_512))
		}
		if got := AllocationOf(sampled(ports...)).Kind; got != wire.AllocationRandom {
			t.Fatalf("%v is %v", ports, got)
		}
	}
}

func TestPortsOfABlockAreWithinIt(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		const first, size = 30_000, 1024
		ports := make([]uint16, BlockSamples)
		for i := range ports {
			ports[i] = uint16(first + random.IntN(size))
		}
		got := AllocationOf(sampled(ports...))
		if got.Kind != wire.AllocationBlock || got.FirstPort < first || got.LastPort >= first+size {
			t.Fatalf("%v: got %+v", ports, got)
		}
	}
}

package punch

import (
	"net/netip"
	"slices"
	"testing"

	"peerd/wire"
)

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
		{"several addresses tell nothing", elsewhere, wire.AllocationUnknown, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			allocation, step := Sequence(test.samples)
			if allocation != test.allocation || step != test.step {
				t.Errorf("got %v step %d, want %v step %d", allocation, step, test.allocation, test.step)
			}
		})
	}
}

func TestPredict(t *testing.T) {
	for _, test := range []struct {
		name    string
		samples []netip.AddrPort
		count   int
		want    []netip.AddrPort
	}{
		{"around the samples, nearest first", at(1000, 1001, 1002), 4, at(1003, 999, 1004, 998)},
		{"in the NAT's steps", at(1000, 1002, 1004), 3, at(1006, 998, 1008)},
		{"not beyond the last port", at(65533, 65534, 65535), 3, at(65532, 65531, 65530)},
		{"nothing for a random NAT", at(1000, 40000, 2000), 4, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Predict(test.samples, test.count); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

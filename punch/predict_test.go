package punch

import (
	"net/netip"
	"slices"
	"testing"
)

func at(ports ...uint16) []netip.AddrPort {
	var samples []netip.AddrPort
	for _, port := range ports {
		samples = append(samples, netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), port))
	}
	return samples
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

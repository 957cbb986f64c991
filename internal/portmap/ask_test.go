package portmap

import (
	"net/netip"
	"slices"
	"testing"
)

func TestWhatARouterSpeaksIsLearnedFromItsAnswers(t *testing.T) {
	announce := append([]byte{pcpVersion, opcodeAnnounce | responseBit, 0, resultSuccess}, make([]byte, 20)...)
	mismatch := slices.Clone(announce)
	mismatch[3] = 12 // ADDRESS_MISMATCH: there is a NAT in between
	version1 := slices.Clone(announce)
	version1[3] = resultUnsupportedVersion
	address := []byte{natpmpVersion, opAddress | responseBit, 0, resultSuccess, 0, 0, 0, 1, 100, 64, 0, 2}
	disabled := slices.Clone(address)
	disabled[3] = 2
	outside := netip.MustParseAddr("100.64.0.2")
	for _, test := range []struct {
		name      string
		answers   [][]byte
		protocols []Protocol
		external  netip.Addr
	}{
		{"both protocols", [][]byte{announce, address, announce}, []Protocol{PCP, NATPMP}, outside},
		{"PCP through a NAT", [][]byte{mismatch}, []Protocol{PCP}, netip.Addr{}},
		{"NAT-PMP alone", [][]byte{version1, address}, []Protocol{NATPMP}, outside},
		{"NAT-PMP that is turned off", [][]byte{disabled}, nil, netip.Addr{}},
		{"nonsense", [][]byte{nil, {0}, announce[:20], address[:11], append(address, 0)}, nil, netip.Addr{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s Service
			for _, answer := range test.answers {
				s.learn(answer)
			}
			if !slices.Equal(s.Protocols, test.protocols) || s.External != test.external {
				t.Errorf("learned %+v, want %v and %v", s, test.protocols, test.external)
			}
		})
	}
}

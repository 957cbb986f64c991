package punch

import (
	"net/netip"
	"testing"

	"peerd/wire"
)

func TestMapping(t *testing.T) {
	local := netip.MustParseAddrPort("192.168.1.2:5000")
	one, two := netip.MustParseAddrPort("198.51.100.1:7000"), netip.MustParseAddrPort("198.51.100.1:7001")
	none := netip.AddrPort{}
	for _, test := range []struct {
		name  string
		views Views
		want  wire.Mapping
	}{
		{"seen as it is", Views{local, local, local, local}, wire.MappingNone},
		{"the same for everybody", Views{local, one, one, one}, wire.MappingEIM},
		{"another for another address", Views{local, one, one, two}, wire.MappingADM},
		{"another for another port", Views{local, one, two, two}, wire.MappingAPDM},
		{"another for another port, and there is one address", Views{local, one, two, none}, wire.MappingAPDM},
		{"the same for both ports of the only address", Views{local, one, one, none}, wire.MappingEIM},
		{"the other port is silent, the other address sees the same", Views{local, one, none, one}, wire.MappingEIM},
		{"the other port is silent, the other address sees another", Views{local, one, none, two}, wire.MappingAPDM},
		{"nobody else answers", Views{local, one, none, none}, wire.MappingUnknown},
		{"nobody answers", Views{Local: local}, wire.MappingUnknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.views.Mapping(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestFilteringOf(t *testing.T) {
	for _, test := range []struct {
		name                            string
		fromOtherPort, fromOtherAddress bool
		want                            wire.Filtering
	}{
		{"lets everybody in", true, true, wire.FilteringEIF},
		{"lets in addresses written to", true, false, wire.FilteringADF},
		{"lets in endpoints written to", false, false, wire.FilteringAPDF},
	} {
		if got := FilteringOf(test.fromOtherPort, test.fromOtherAddress); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

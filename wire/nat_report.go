package wire

import (
	"time"

	"peerd/wire/internal/pb"
)

// A NATReport is what a peer measured of its own NAT, in RFC 4787's words. It
// is a hint for choosing strategies, never a proof. The zero NATReport knows
// nothing. Numbers that a newer peer may send decode as unknown.
type NATReport struct {
	Mapping    Mapping
	Filtering  Filtering
	Allocation Allocation
	// FirstPort and LastPort confine an AllocationBlock, as far as samples have
	// told; 0 for every other allocation.
	FirstPort, LastPort uint16
	// Lifetime is how long a mapping was seen to live that carries nothing, in
	// whole seconds, at most MaxLifetime; 0 when it was not measured.
	Lifetime time.Duration
}

// Mapping says when two flows from one local endpoint share an observed
// endpoint (RFC 4787 section 4.1).
type Mapping uint8

// The mapping behaviours.
const (
	MappingUnknown Mapping = iota
	MappingNone            // no NAT: observed equals local
	MappingEIM             // endpoint-independent: always shared
	MappingADM             // address-dependent: shared per remote address
	MappingAPDM            // address and port-dependent: never shared
)

// String returns none, eim, adm, apdm or unknown.
func (m Mapping) String() string {
	return word(m, "unknown", "none", "eim", "adm", "apdm")
}

// Filtering says whose packets a NAT lets in to an observed endpoint (RFC 4787
// section 5).
type Filtering uint8

// The filtering behaviours.
const (
	FilteringUnknown Filtering = iota
	FilteringEIF               // endpoint-independent: anybody's
	FilteringADF               // address-dependent: of addresses sent to
	FilteringAPDF              // address and port-dependent: of endpoints sent to
)

// String returns eif, adf, apdf or unknown.
func (f Filtering) String() string {
	return word(f, "unknown", "eif", "adf", "apdf")
}

// Allocation says how a NAT picks the port of a new observed endpoint.
type Allocation uint8

// The allocation behaviours.
const (
	AllocationUnknown    Allocation = iota
	AllocationPreserving            // the local port, if free
	AllocationSequential            // near the one picked before
	AllocationRandom                // anywhere
	AllocationBlock                 // at random within a block of this subscriber's
)

// String returns preserving, sequential, random, block or unknown.
func (a Allocation) String() string {
	return word(a, "unknown", "preserving", "sequential", "random", "block")
}

// word returns the n-th word, the first for numbers beyond the last.
func word[N ~uint8](n N, words ...string) string {
	if int(n) >= len(words) {
		return words[0]
	}
	return words[n]
}

// encode returns nothing for a report that knows nothing.
func (r NATReport) encode() *pb.NATReport {
	if r == (NATReport{}) {
		return nil
	}
	return &pb.NATReport{
		Mapping:    uint32(r.Mapping),
		Filtering:  uint32(r.Filtering),
		Allocation: uint32(r.Allocation),
		FirstPort:  uint32(r.FirstPort),
		LastPort:   uint32(r.LastPort),
		LifetimeS:  uint32(r.Lifetime / time.Second),
	}
}

func decodeNATReport(p *pb.NATReport) NATReport {
	r := NATReport{
		Mapping:    upTo(MappingAPDM, p.GetMapping()),
		Filtering:  upTo(FilteringAPDF, p.GetFiltering()),
		Allocation: upTo(AllocationBlock, p.GetAllocation()),
		Lifetime:   min(time.Duration(p.GetLifetimeS())*time.Second, MaxLifetime),
	}
	if first, last := p.GetFirstPort(), p.GetLastPort(); r.Allocation == AllocationBlock && isBlock(first, last) {
		r.FirstPort, r.LastPort = uint16(first), uint16(last)
	}
	return r
}

// isBlock reports whether first to last is a range of ports that a NAT may give
// out.
func isBlock(first, last uint32) bool { return 0 < first && first <= last && last <= 0xffff }

// upTo returns n, or 0 (unknown) for a number above last.
func upTo[N ~uint8](last N, n uint32) N {
	if n > uint32(last) {
		return 0
	}
	return N(n)
}

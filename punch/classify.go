package punch

import (
	"net/netip"

	"peerd/wire"
)

// Views are the endpoints at which the rendezvous saw one socket that wrote to
// several of its own (RFC 5780 section 4.3). The zero AddrPort is one that did
// not answer, or does not exist.
type Views struct {
	Local        netip.AddrPort // the socket's own
	Main         netip.AddrPort // seen by the main port
	OtherPort    netip.AddrPort // seen by the other port of the same address
	OtherAddress netip.AddrPort // seen by the main port of the other address
}

// Mapping judges by the views. Without an other address ADM cannot be told from
// EIM, and EIM is the answer: most routers are, and a strategy for EIM that
// fails is noticed.
func (v Views) Mapping() wire.Mapping {
	switch {
	case !v.Main.IsValid():
		return wire.MappingUnknown
	case v.Main == v.Local:
		return wire.MappingNone
	case v.OtherPort.IsValid() && v.OtherPort != v.Main:
		return wire.MappingAPDM
	case v.OtherAddress.IsValid() && v.OtherAddress != v.Main:
		if !v.OtherPort.IsValid() {
			return wire.MappingAPDM // the harder of the two that it may be
		}
		return wire.MappingADM
	case v.OtherPort.IsValid() || v.OtherAddress.IsValid():
		return wire.MappingEIM
	}
	return wire.MappingUnknown
}

// FilteringOf judges by whether a datagram came in that was not asked for where
// it came from (RFC 5780 section 4.4): to a socket that had written to the other
// address, from another port of that, and to one that had not, from the other
// address.
func FilteringOf(fromOtherPort, fromOtherAddress bool) wire.Filtering {
	switch {
	case fromOtherAddress:
		return wire.FilteringEIF
	case fromOtherPort:
		return wire.FilteringADF
	}
	return wire.FilteringAPDF
}

package wire

import (
	"encoding/binary"
	"net/netip"
)

// acceptSize is the size of ACCEPT's value: two ports and a cookie.
const acceptSize = 2 + 2 + len(Cookie{})

// Accept answers a Login. It is a STUN Binding success response: the header,
// XOR-MAPPED-ADDRESS, ACCEPT and FINGERPRINT.
//
//	ACCEPT: control port (2), other port (2), cookie (20)
type Accept struct {
	TransactionID TransactionID  // of the Login
	Observed      netip.AddrPort // where the Login came from
	ControlPort   uint16         // TCP, on the address that the Login was sent to; never 0
	OtherPort     uint16         // the rendezvous' second UDP port, for measuring the NAT; 0 = it has none
	Cookie        Cookie         // certifies Observed to the rendezvous
}

// Append appends the datagram to b: 68 bytes, LoginSize (80) for IPv6.
func (m Accept) Append(b []byte) []byte {
	start := len(b)
	size := stunHeaderSize + mappedAddressSize(m.Observed) + attributeHeaderSize + acceptSize + fingerprintSize
	b = appendSTUN(b, bindingResponse, size, m.TransactionID)
	b = appendMappedAddress(b, m.Observed, m.TransactionID)
	b = appendAttributeHeader(b, attrAccept, acceptSize)
	b = binary.BigEndian.AppendUint16(b, m.ControlPort)
	b = binary.BigEndian.AppendUint16(b, m.OtherPort)
	b = append(b, m.Cookie[:]...)
	return appendFingerprint(b, start)
}

// ParseAccept decodes an Accept. Compare its TransactionID with your Login's:
// nothing else authenticates it. It allocates nothing.
func ParseAccept(d []byte) (Accept, error) {
	if len(d) > LoginSize {
		return Accept{}, errSize
	}
	a, err := parseAttributes(d, bindingResponse)
	switch {
	case err != nil:
		return Accept{}, err
	case a.accept == nil || a.fingerprint == nil:
		return Accept{}, errMissing
	case len(a.accept) != acceptSize:
		return Accept{}, errAttribute
	case a.unknownCount > 0:
		return Accept{}, errUnknown
	}
	m := Accept{
		TransactionID: a.transaction,
		ControlPort:   binary.BigEndian.Uint16(a.accept),
		OtherPort:     binary.BigEndian.Uint16(a.accept[2:]),
		Cookie:        Cookie(a.accept[4:]),
	}
	m.Observed, err = parseMappedAddress(a.mapped, a.transaction)
	if err != nil {
		return Accept{}, err
	}
	if m.ControlPort == 0 {
		return Accept{}, errAttribute
	}
	return m, nil
}

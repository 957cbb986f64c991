package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/pion/stun/v3"
)

// Endpoints in STUN attributes (RFC 8489 sections 14.1 and 14.2, RFC 5780
// sections 7.3 and 7.4):
//
//	zero (1) | family (1) | port (2) | address (4 or 16)

// The families.
const (
	familyIPv4 = 1
	familyIPv6 = 2
)

// An addressMask is XORed with an endpoint's address, and its first two bytes
// with the port. It hides the endpoint from routers that rewrite any bytes that
// look like an address. The zero mask changes nothing.
type addressMask [16]byte

func maskOf(transaction TransactionID) addressMask {
	mask := addressMask{0x21, 0x12, 0xA4, 0x42}
	copy(mask[4:], transaction[:])
	return mask
}

// addressSize returns the size of an attribute with endpoint.
func addressSize(endpoint netip.AddrPort) int {
	if endpoint.Addr().Unmap().Is4() {
		return attributeHeaderSize + 8
	}
	return address6Size
}

// appendMappedAddress appends XOR-MAPPED-ADDRESS.
func appendMappedAddress(b []byte, endpoint netip.AddrPort, transaction TransactionID) []byte {
	return appendAddress(b, stun.AttrXORMappedAddress, endpoint, maskOf(transaction))
}

func appendAddress(b []byte, attribute stun.AttrType, endpoint netip.AddrPort, mask addressMask) []byte {
	address := endpoint.Addr().Unmap()
	family, octets := byte(familyIPv6), address.As16()
	ip := octets[:]
	if address.Is4() {
		family, ip = familyIPv4, octets[12:]
	}
	mask.apply(ip)
	b = appendAttributeHeader(b, attribute, 4+len(ip))
	b = append(b, 0, family)
	b = binary.BigEndian.AppendUint16(b, endpoint.Port()^mask.port())
	return append(b, ip...)
}

func parseMappedAddress(value []byte, transaction TransactionID) (netip.AddrPort, error) {
	if value == nil {
		return netip.AddrPort{}, errMissing
	}
	return parseAddress(value, maskOf(transaction))
}

// parseOptionalAddress returns the zero AddrPort for an attribute that is absent.
func parseOptionalAddress(value []byte) (netip.AddrPort, error) {
	if value == nil {
		return netip.AddrPort{}, nil
	}
	return parseAddress(value, addressMask{})
}

func parseAddress(value []byte, mask addressMask) (netip.AddrPort, error) {
	if !(len(value) == 8 && value[1] == familyIPv4) && !(len(value) == 20 && value[1] == familyIPv6) {
		return netip.AddrPort{}, errEndpoint
	}
	var octets [16]byte
	ip := octets[:copy(octets[:], value[4:])]
	mask.apply(ip)
	address, _ := netip.AddrFromSlice(ip)
	endpoint := netip.AddrPortFrom(address.Unmap(), binary.BigEndian.Uint16(value[2:])^mask.port())
	if !usable(endpoint) {
		return netip.AddrPort{}, errEndpoint
	}
	return endpoint, nil
}

// apply masks an address, or undoes it: it is its own inverse.
func (m addressMask) apply(ip []byte) {
	for i := range ip {
		ip[i] ^= m[i]
	}
}

func (m addressMask) port() uint16 { return binary.BigEndian.Uint16(m[:]) }

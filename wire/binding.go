package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pion/stun/v3"
)

// A BindingRequest is a STUN Binding request as any standard client sends it.
// A Login is one too, so that an ordinary STUN server answers it.
type BindingRequest struct {
	TransactionID TransactionID
	Change        Change // where the answer is to come from
	// ResponsePort is where the answer is to go to, at the address that the request
	// comes from (RFC 5780 section 7.5); 0 is the port that it comes from.
	ResponsePort uint16
}

// Append appends the datagram to b: 20 bytes, and 8 more for each wish.
func (m BindingRequest) Append(b []byte) []byte {
	const wish = attributeHeaderSize + 4
	size := stunHeaderSize
	if m.ResponsePort != 0 {
		size += wish
	}
	if m.Change != (Change{}) {
		size += wish
	}
	b = appendSTUN(b, bindingRequest, size, m.TransactionID)
	if m.ResponsePort != 0 {
		b = appendAttributeHeader(b, stun.AttrResponsePort, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(m.ResponsePort)<<16)
	}
	if m.Change != (Change{}) {
		b = appendAttributeHeader(b, stun.AttrChangeRequest, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(m.Change.flags()))
	}
	return b
}

// ParseBindingRequest decodes a Binding request. One with attributes that must
// be understood, and are not, gives an UnknownAttributesError: append its
// answer. Every other error deserves no answer.
func ParseBindingRequest(d []byte) (BindingRequest, error) {
	a, err := parseAttributes(d, bindingRequest)
	if err != nil {
		return BindingRequest{}, err
	}
	if a.unknownCount > 0 {
		return BindingRequest{}, UnknownAttributesError{a.transaction, a.unknown, a.unknownCount}
	}
	m := BindingRequest{TransactionID: a.transaction}
	if a.change != nil {
		if len(a.change) != 4 {
			return BindingRequest{}, errAttribute
		}
		m.Change = changeOf(a.change[3])
	}
	if a.port != nil {
		if len(a.port) != 4 {
			return BindingRequest{}, errAttribute
		}
		m.ResponsePort = binary.BigEndian.Uint16(a.port)
	}
	return m, nil
}

// A BindingResponse answers a BindingRequest: XOR-MAPPED-ADDRESS and, from a
// server with two addresses, RESPONSE-ORIGIN and OTHER-ADDRESS (RFC 5780). It is
// 12 to 36 bytes (IPv6: 72) larger than the smallest question, as STUN cannot be
// otherwise; Login has no such excess.
type BindingResponse struct {
	TransactionID TransactionID
	Observed      netip.AddrPort // where the request came from
	Origin        netip.AddrPort // where the answer comes from; zero = not said
	// Other is the address and port that are both other than those asked, where
	// an answer comes from when both are to be changed; zero = there is none.
	Other netip.AddrPort
}

// Append appends the datagram to b: 32 bytes, 44 for IPv6; with the two
// addresses of RFC 5780 56 and 92.
func (m BindingResponse) Append(b []byte) []byte {
	size := stunHeaderSize + addressSize(m.Observed)
	for _, optional := range []netip.AddrPort{m.Origin, m.Other} {
		if optional.IsValid() {
			size += addressSize(optional)
		}
	}
	b = appendSTUN(b, bindingResponse, size, m.TransactionID)
	b = appendMappedAddress(b, m.Observed, m.TransactionID)
	if m.Origin.IsValid() {
		b = appendAddress(b, stun.AttrResponseOrigin, m.Origin, addressMask{})
	}
	if m.Other.IsValid() {
		b = appendAddress(b, stun.AttrOtherAddress, m.Other, addressMask{})
	}
	return b
}

// ParseBindingResponse decodes a Binding success response of any STUN server,
// an Accept included.
func ParseBindingResponse(d []byte) (BindingResponse, error) {
	a, err := parseAttributes(d, bindingResponse)
	if err != nil {
		return BindingResponse{}, err
	}
	if a.unknownCount > 0 {
		return BindingResponse{}, errUnknown
	}
	m := BindingResponse{TransactionID: a.transaction}
	if m.Observed, err = parseMappedAddress(a.mapped, a.transaction); err != nil {
		return BindingResponse{}, err
	}
	if m.Origin, err = parseOptionalAddress(a.origin); err != nil {
		return BindingResponse{}, err
	}
	if m.Other, err = parseOptionalAddress(a.other); err != nil {
		return BindingResponse{}, err
	}
	return m, nil
}

// An UnknownAttributesError is what ParseBindingRequest makes of attributes
// that must be understood, and are not. Its datagram is the answer that RFC
// 8489 section 6.3.1 asks for.
type UnknownAttributesError struct {
	transaction TransactionID
	unknown     [maxUnknown]stun.AttrType
	count       int
}

// Error implements error.
func (e UnknownAttributesError) Error() string {
	return fmt.Sprintf("STUN attributes %v are not understood", e.unknown[:e.count])
}

// Append appends the error response 420 (Unknown Attribute) to b, without a
// reason phrase: at most 40 bytes, naming the first four attributes.
func (e UnknownAttributesError) Append(b []byte) []byte {
	const errorCodeSize = attributeHeaderSize + 4
	padded := (2*e.count + 3) &^ 3
	b = appendSTUN(b, bindingError, stunHeaderSize+errorCodeSize+attributeHeaderSize+padded, e.transaction)
	b = appendAttribute(b, stun.AttrErrorCode, []byte{0, 0, 4, 20})
	b = appendAttributeHeader(b, stun.AttrUnknownAttributes, 2*e.count)
	for i := range padded / 2 {
		b = binary.BigEndian.AppendUint16(b, uint16(e.unknown[i]))
	}
	return b
}

package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pion/stun/v3"
)

// Bits of CHANGE-REQUEST (RFC 5780 section 7.2).
const (
	changeAddress = 0x4
	changePort    = 0x2
)

// A BindingRequest is a STUN Binding request as any standard client sends it.
// A Login is one too, so that an ordinary STUN server answers it.
type BindingRequest struct {
	TransactionID TransactionID
	ChangeAddress bool // answer from the other address (RFC 5780)
	ChangePort    bool // answer from the other port (RFC 5780)
}

// Append appends the datagram to b: 20 bytes, or 28 with a change request.
func (m BindingRequest) Append(b []byte) []byte {
	var flags uint32
	if m.ChangeAddress {
		flags |= changeAddress
	}
	if m.ChangePort {
		flags |= changePort
	}
	if flags == 0 {
		return appendSTUN(b, bindingRequest, stunHeaderSize, m.TransactionID)
	}
	b = appendSTUN(b, bindingRequest, stunHeaderSize+attributeHeaderSize+4, m.TransactionID)
	b = appendAttributeHeader(b, stun.AttrChangeRequest, 4)
	return binary.BigEndian.AppendUint32(b, flags)
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
		flags := binary.BigEndian.Uint32(a.change)
		m.ChangeAddress = flags&changeAddress != 0
		m.ChangePort = flags&changePort != 0
	}
	return m, nil
}

// A BindingResponse answers a BindingRequest: XOR-MAPPED-ADDRESS and nothing
// else. It is 12 bytes (IPv6: 24) larger than the smallest question, as STUN
// cannot be otherwise; Login has no such excess.
type BindingResponse struct {
	TransactionID TransactionID
	Observed      netip.AddrPort // where the request came from
}

// Append appends the datagram to b: 32 bytes, 44 for IPv6.
func (m BindingResponse) Append(b []byte) []byte {
	b = appendSTUN(b, bindingResponse, stunHeaderSize+mappedAddressSize(m.Observed), m.TransactionID)
	return appendMappedAddress(b, m.Observed, m.TransactionID)
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
	observed, err := parseMappedAddress(a.mapped, a.transaction)
	if err != nil {
		return BindingResponse{}, err
	}
	return BindingResponse{TransactionID: a.transaction, Observed: observed}, nil
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

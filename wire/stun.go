package wire

import (
	"encoding/binary"
	"errors"

	"github.com/pion/stun/v3"
)

// Our datagrams are STUN messages (RFC 8489), written and read by hand over
// pion/stun's numbers: they are the hot path of login floods and of punching,
// where pion's Message costs several allocations per datagram and leaves the
// order, repetition and exact size of attributes to its caller.

// The STUN message types we use (RFC 8489 section 5): Binding, by class.
const (
	bindingRequest  = 0x0001
	bindingResponse = 0x0101
	bindingError    = 0x0111
)

// Our own attributes, in the comprehension-optional range that IANA gives to
// designated experts and has not assigned: a standard server skips them and
// still answers. Their numbers and layouts never change; what is new gets a
// new number.
const (
	attrLogin   stun.AttrType = 0xC101
	attrAccept  stun.AttrType = 0xC102
	attrSession stun.AttrType = 0xC103
	attrMAC     stun.AttrType = 0xC104
	// attrPadding is ours because RFC 5780's PADDING asks for one in the answer.
	attrPadding stun.AttrType = 0xC105
)

// Sizes of STUN's parts on the wire.
const (
	stunHeaderSize      = 20
	attributeHeaderSize = 4
	fingerprintSize     = attributeHeaderSize + 4
	address6Size        = attributeHeaderSize + 20 // an attribute with an IPv6 endpoint: the largest
)

const stunCookie = 0x2112A442

// Errors of malformed datagrams. They are values, not made per datagram, so
// that a flood of malformed ones allocates nothing.
var (
	errNotSTUN     = errors.New("not a STUN message")
	errType        = errors.New("STUN message of another type")
	errSize        = errors.New("STUN message of a wrong size")
	errAttribute   = errors.New("STUN attribute is malformed")
	errTwice       = errors.New("STUN attribute is given twice")
	errMissing     = errors.New("STUN attribute is missing")
	errUnknown     = errors.New("STUN attribute is not understood")
	errFingerprint = errors.New("STUN fingerprint does not match")
	errEndpoint    = errors.New("STUN endpoint is malformed")
)

// A TransactionID pairs an answer with its question (RFC 8489 section 5). Draw
// it from a cryptographic source: it is what keeps an off-path attacker from
// answering in the server's place.
type TransactionID [12]byte

// attributes are the known attributes of one STUN message, as slices of the
// datagram; absent ones are nil.
type attributes struct {
	transaction TransactionID
	mapped      []byte // XOR-MAPPED-ADDRESS
	origin      []byte // RESPONSE-ORIGIN
	other       []byte // OTHER-ADDRESS
	change      []byte // CHANGE-REQUEST
	port        []byte // RESPONSE-PORT
	login       []byte
	accept      []byte
	session     []byte
	mac         []byte
	fingerprint []byte

	unknown      [maxUnknown]stun.AttrType // comprehension-required ones
	unknownCount int
}

// maxUnknown bounds how many unknown attributes an error answer names.
const maxUnknown = 4

// isSTUN reports whether d has a STUN header that fits d's length.
func isSTUN(d []byte) bool {
	return len(d) >= stunHeaderSize && d[0]&0xc0 == 0 &&
		binary.BigEndian.Uint32(d[4:]) == stunCookie &&
		int(binary.BigEndian.Uint16(d[2:])) == len(d)-stunHeaderSize
}

// parseAttributes walks the message d, which must be of the given type. It
// checks the fingerprint if there is one, which must come last.
func parseAttributes(d []byte, messageType uint16) (a attributes, err error) {
	if !isSTUN(d) {
		return a, errNotSTUN
	}
	if binary.BigEndian.Uint16(d) != messageType {
		return a, errType
	}
	copy(a.transaction[:], d[8:])
	for at := stunHeaderSize; at < len(d); {
		if a.fingerprint != nil || len(d)-at < attributeHeaderSize {
			return a, errAttribute
		}
		attribute := stun.AttrType(binary.BigEndian.Uint16(d[at:]))
		size := int(binary.BigEndian.Uint16(d[at+2:]))
		value := at + attributeHeaderSize
		next := value + (size+3)&^3
		if next > len(d) {
			return a, errAttribute
		}
		if err := a.add(attribute, d[value:value+size]); err != nil {
			return a, err
		}
		at = next
	}
	if a.fingerprint != nil && !fingerprintMatches(d, a.fingerprint) {
		return a, errFingerprint
	}
	return a, nil
}

func (a *attributes) add(attribute stun.AttrType, value []byte) error {
	var field *[]byte
	switch attribute {
	case stun.AttrXORMappedAddress:
		field = &a.mapped
	case stun.AttrResponseOrigin:
		field = &a.origin
	case stun.AttrOtherAddress:
		field = &a.other
	case stun.AttrChangeRequest:
		field = &a.change
	case stun.AttrResponsePort:
		field = &a.port
	case stun.AttrFingerprint:
		field = &a.fingerprint
	case attrLogin:
		field = &a.login
	case attrAccept:
		field = &a.accept
	case attrSession:
		field = &a.session
	case attrMAC:
		field = &a.mac
	default:
		a.skip(attribute)
		return nil
	}
	if *field != nil {
		return errTwice
	}
	*field = value
	return nil
}

// skip passes over an attribute that we do not use. It notes one that we would
// have to understand (RFC 8489 section 14: below 0x8000).
func (a *attributes) skip(attribute stun.AttrType) {
	switch attribute {
	case stun.AttrMappedAddress, stun.AttrUsername, stun.AttrMessageIntegrity, attrMessageIntegritySHA256,
		stun.AttrErrorCode, stun.AttrUnknownAttributes, stun.AttrRealm, stun.AttrNonce,
		stun.AttrPasswordAlgorithm, stun.AttrUserhash:
		return // base STUN: understood, and of no use without authentication
	}
	if attribute < 0x8000 && a.unknownCount < maxUnknown {
		a.unknown[a.unknownCount] = attribute
		a.unknownCount++
	}
}

// attrMessageIntegritySHA256 is missing from pion/stun (RFC 8489 section 14.6).
const attrMessageIntegritySHA256 stun.AttrType = 0x001C

// fingerprintMatches checks value, the last attribute of d (RFC 8489 section 14.7).
func fingerprintMatches(d, value []byte) bool {
	return len(value) == 4 &&
		binary.BigEndian.Uint32(value) == stun.FingerprintValue(d[:len(d)-fingerprintSize])
}

// appendSTUN appends the header of a message that will have size bytes in all.
func appendSTUN(b []byte, messageType uint16, size int, transaction TransactionID) []byte {
	b = binary.BigEndian.AppendUint16(b, messageType)
	b = binary.BigEndian.AppendUint16(b, uint16(size-stunHeaderSize))
	b = binary.BigEndian.AppendUint32(b, stunCookie)
	return append(b, transaction[:]...)
}

// appendAttribute appends an attribute's header and value, whose size must be
// a multiple of four: all of ours are.
func appendAttribute(b []byte, attribute stun.AttrType, value []byte) []byte {
	return append(appendAttributeHeader(b, attribute, len(value)), value...)
}

func appendAttributeHeader(b []byte, attribute stun.AttrType, size int) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(attribute))
	return binary.BigEndian.AppendUint16(b, uint16(size))
}

// appendZeros appends an attribute of size zero bytes.
func appendZeros(b []byte, attribute stun.AttrType, size int) []byte {
	b = appendAttributeHeader(b, attribute, size)
	for range size {
		b = append(b, 0)
	}
	return b
}

// appendFingerprint ends the message that began at b[start].
func appendFingerprint(b []byte, start int) []byte {
	value := stun.FingerprintValue(b[start:])
	b = appendAttributeHeader(b, stun.AttrFingerprint, 4)
	return binary.BigEndian.AppendUint32(b, value)
}

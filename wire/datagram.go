package wire

import (
	"encoding/binary"
	"strconv"
)

// A DatagramKind is what a datagram claims to be, by its first bytes. Nothing
// about it is checked further: the decoder of that kind does.
type DatagramKind uint8

// The kinds of datagrams on a UDP port.
const (
	DatagramUnknown         DatagramKind = iota // drop it
	DatagramQUIC                                // RFC 9000, fixed bit set
	DatagramBindingRequest                      // a Login, or any STUN client's
	DatagramBindingResponse                     // an Accept, or any STUN server's
	DatagramProbe
	DatagramProbeReply
	DatagramRelay
	DatagramClassic // a talk of the classic protocol
)

// String returns a word for k.
func (k DatagramKind) String() string {
	switch k {
	case DatagramUnknown:
		return "unknown"
	case DatagramQUIC:
		return "quic"
	case DatagramBindingRequest:
		return "binding-request"
	case DatagramBindingResponse:
		return "binding-response"
	case DatagramProbe:
		return "probe"
	case DatagramProbeReply:
		return "probe-reply"
	case DatagramRelay:
		return "relay"
	case DatagramClassic:
		return "classic"
	}
	return "datagram " + strconv.Itoa(int(k))
}

// quicFixedBit is set in the first byte of every QUIC packet (RFC 9000 section
// 17) and clear in STUN's and in relay datagrams'.
const quicFixedBit = 0x40

// Classify tells datagrams apart. It allocates nothing. What comes to somebody
// whose connection IDs are not MistakenForClassic is never taken for a classic
// talk unless it is one.
func Classify(d []byte) DatagramKind {
	switch {
	case len(d) == 0:
		return DatagramUnknown
	case isClassicTalk(d):
		return DatagramClassic
	case d[0]&quicFixedBit != 0:
		return DatagramQUIC
	case d[0] == RelayFirstByte && len(d) > RelayHeaderSize:
		return DatagramRelay
	case !isSTUN(d):
		return DatagramUnknown
	}
	switch binary.BigEndian.Uint16(d) {
	case bindingRequest:
		if firstIsSession(d) {
			return DatagramProbe
		}
		return DatagramBindingRequest
	case bindingResponse:
		if firstIsSession(d) {
			return DatagramProbeReply
		}
		return DatagramBindingResponse
	}
	return DatagramUnknown
}

// firstIsSession reports whether the first attribute of the STUN message d is
// SESSION, of the right size.
func firstIsSession(d []byte) bool {
	return len(d) >= stunHeaderSize+sessionAttributeSize &&
		binary.BigEndian.Uint32(d[stunHeaderSize:]) == uint32(attrSession)<<16|uint32(len(SessionID{}))
}

// ProbeSession returns the session that a probe or a probe reply names, to find
// the key to check it with. Nothing is authenticated yet.
func ProbeSession(d []byte) (SessionID, bool) {
	if kind := Classify(d); kind != DatagramProbe && kind != DatagramProbeReply {
		return SessionID{}, false
	}
	return SessionID(d[stunHeaderSize+attributeHeaderSize:][:len(SessionID{})]), true
}

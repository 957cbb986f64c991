package wire

import "fmt"

// Sizes and first byte of a relay datagram.
const (
	RelayHeaderSize = 1 + len(SessionID{}) // first byte and session
	// RelayFirstByte is not a STUN type that we use, and QUIC's fixed bit is
	// clear in it.
	RelayFirstByte = 0x20
)

// Relay is a datagram for the other peer of a session, on a control connection:
// the way of last resort, for peers without UDP. Its body is no protobuf:
//
//	session (16) || payload (1 to MaxRelayedDatagram)
type Relay struct {
	Session SessionID
	Payload []byte // one QUIC datagram; after ParseRelay it aliases the body
}

// Kind implements Message.
func (m Relay) Kind() Kind { return KindRelay }

// AppendBody implements Message.
func (m Relay) AppendBody(b []byte) ([]byte, error) {
	if err := checkPayload(m.Payload); err != nil {
		return nil, fmt.Errorf("encode relay: %w", err)
	}
	b = append(b, m.Session[:]...)
	return append(b, m.Payload...), nil
}

// ParseRelay decodes the body of a KindRelay frame. Unlike Parse it allocates
// nothing: the payload aliases body.
func ParseRelay(body []byte) (Relay, error) {
	if len(body) < len(SessionID{}) {
		return Relay{}, fmt.Errorf("parse relay: session is missing")
	}
	m := Relay{Session: SessionID(body[:len(SessionID{})]), Payload: body[len(SessionID{}):]}
	if err := checkPayload(m.Payload); err != nil {
		return Relay{}, fmt.Errorf("parse relay: %w", err)
	}
	return m, nil
}

func checkPayload(payload []byte) error {
	if len(payload) == 0 {
		return fmt.Errorf("payload is missing")
	}
	if len(payload) > MaxRelayedDatagram {
		return fmt.Errorf("payload has %d bytes, the limit is %d", len(payload), MaxRelayedDatagram)
	}
	return nil
}

// AppendRelayHeader appends the header of a relay datagram (UDP); the payload
// follows it. The header is the same in both directions, so the rendezvous
// forwards a relay datagram as it is.
func AppendRelayHeader(b []byte, session SessionID) []byte {
	b = append(b, RelayFirstByte)
	return append(b, session[:]...)
}

// ParseRelayHeader splits a relay datagram. The payload aliases d, is not empty,
// and is not bounded by MaxRelayedDatagram: d may be a receive-offload buffer of
// several datagrams, whose first header this is.
func ParseRelayHeader(d []byte) (session SessionID, payload []byte, ok bool) {
	if len(d) <= RelayHeaderSize || d[0] != RelayFirstByte {
		return SessionID{}, nil, false
	}
	return SessionID(d[1:RelayHeaderSize]), d[RelayHeaderSize:], true
}

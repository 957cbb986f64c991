package wire

import "peerd/wire/internal/pb"

// Envelope carries a sealed envelope (peer/seal) through the rendezvous to the
// other peer of the session: a receipt, or a first message that found no room
// in the Talk. The rendezvous cannot open it.
type Envelope struct {
	Session SessionID
	Sealed  []byte // 1 to MaxSealed bytes
}

// Kind implements Message.
func (m Envelope) Kind() Kind { return KindEnvelope }

// AppendBody implements Message.
func (m Envelope) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindEnvelope, &pb.Envelope{Session: m.Session[:], Sealed: m.Sealed}, decodeEnvelope)
}

// ParseEnvelope decodes the body of a KindEnvelope frame.
func ParseEnvelope(body []byte) (Envelope, error) {
	return parseBody(KindEnvelope, body, &pb.Envelope{}, decodeEnvelope)
}

func decodeEnvelope(p *pb.Envelope) (Envelope, error) {
	var f fields
	f.positive("sealed", uint64(len(p.Sealed)))
	return Envelope{
		Session: f.session(p.Session),
		Sealed:  f.bytes("sealed", p.Sealed, MaxSealed),
	}, f.check()
}

package wire

import "peerd/wire/internal/pb"

// Ping asks the other end of a control connection for a Pong: to measure the
// round trip, and to notice a dead connection.
type Ping struct {
	Nonce uint64 // chosen by the sender; any value
}

// Kind implements Message.
func (m Ping) Kind() Kind { return KindPing }

// AppendBody implements Message.
func (m Ping) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindPing, &pb.Ping{Nonce: m.Nonce}, decodePing)
}

// ParsePing decodes the body of a KindPing frame.
func ParsePing(body []byte) (Ping, error) {
	return parseBody(KindPing, body, &pb.Ping{}, decodePing)
}

func decodePing(p *pb.Ping) (Ping, error) { return Ping{Nonce: p.Nonce}, nil }

package wire

import "peerd/wire/internal/pb"

// Pong answers a Ping.
type Pong struct {
	Nonce uint64 // of the Ping
}

// Kind implements Message.
func (m Pong) Kind() Kind { return KindPong }

// AppendBody implements Message.
func (m Pong) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindPong, &pb.Pong{Nonce: m.Nonce}, decodePong)
}

// ParsePong decodes the body of a KindPong frame.
func ParsePong(body []byte) (Pong, error) {
	return parseBody(KindPong, body, &pb.Pong{}, decodePong)
}

func decodePong(p *pb.Pong) (Pong, error) { return Pong{Nonce: p.Nonce}, nil }

package wire

import "peerd/wire/internal/pb"

// Prekey replaces the prekey that the peer published in its Hello.
type Prekey struct {
	Prekey SignedPrekey
}

// Kind implements Message.
func (m Prekey) Kind() Kind { return KindPrekey }

// AppendBody implements Message.
func (m Prekey) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindPrekey, &pb.Prekey{Prekey: m.Prekey.encode()}, decodePrekey)
}

// ParsePrekey decodes the body of a KindPrekey frame.
func ParsePrekey(body []byte) (Prekey, error) {
	return parseBody(KindPrekey, body, &pb.Prekey{}, decodePrekey)
}

func decodePrekey(p *pb.Prekey) (Prekey, error) {
	var f fields
	m := Prekey{Prekey: f.prekey(p.Prekey)}
	f.positive("prekey", m.Prekey.ID)
	return m, f.check()
}

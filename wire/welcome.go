package wire

import (
	"net/netip"

	"peerd/wire/internal/pb"
)

// Welcome answers a Hello: the peer is logged in. Snapshot or Delta frames with
// the roster follow, unless the peer's roster is current.
type Welcome struct {
	Version  uint32         // that both speak from here on: Hello's
	Circle   string         // the peer's circle
	Name     string         // the name bound to the key
	Observed netip.AddrPort // TCP source endpoint as the rendezvous saw it
	// Certificate is a Certificate, opaque to the peer: it keeps the last one and
	// shows it in every Hello. Empty = the rendezvous makes none.
	Certificate []byte
	// Requires is what the peer has to know, or leave. Peers of before it existed
	// skip it.
	Requires []Feature
}

// Kind implements Message.
func (m Welcome) Kind() Kind { return KindWelcome }

// AppendBody implements Message.
func (m Welcome) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindWelcome, &pb.Welcome{
		Version:     m.Version,
		Circle:      m.Circle,
		Name:        m.Name,
		Observed:    appendEndpoint(nil, m.Observed),
		Certificate: m.Certificate,
		Requires:    encodeFeatures(m.Requires),
	}, decodeWelcome)
}

// ParseWelcome decodes the body of a KindWelcome frame.
func ParseWelcome(body []byte) (Welcome, error) {
	return parseBody(KindWelcome, body, &pb.Welcome{}, decodeWelcome)
}

func decodeWelcome(p *pb.Welcome) (Welcome, error) {
	var f fields
	return Welcome{
		Version:     uint32(f.positive("version", uint64(p.Version))),
		Circle:      f.text("circle", p.Circle, MaxCircle),
		Name:        f.text("name", p.Name, MaxName),
		Observed:    f.endpoint("observed", p.Observed),
		Certificate: f.bytes("certificate", p.Certificate, MaxCertificate),
		Requires:    f.features(p.Requires),
	}, f.check()
}

package wire

import "peerd/wire/internal/pb"

// Hello is the first frame of a control connection, from the peer. Its key is
// the one of the peer's TLS certificate, so Hello does not repeat it.
type Hello struct {
	Version       uint32       // VersionFor(Requires), so that it reaches old readers too
	Name          string       // wished name; empty = keep the one bound to the key
	Token         Token        // invite token, only to become a member; else empty
	Instance      Instance     // of this start of the peer
	Candidates    []Candidate  // empty while the peer knows none, or has no UDP
	NAT           NATReport    // as far as measured
	Prekey        SignedPrekey // zero = none yet
	RosterEpoch   uint64       // of the roster the peer holds; 0 = none
	RosterVersion uint64       // of the roster the peer holds
	Classic       bool         // take part in the classic protocol: see ClassicUsers
	Certificate   []byte       // of the last Welcome; empty = none yet
	Withhold      bool         // show the endpoints to nobody but those that a Talk consents to
	Requires      []Feature    // what the rendezvous has to know, or refuse us; none before version 2
}

// Kind implements Message.
func (m Hello) Kind() Kind { return KindHello }

// AppendBody implements Message.
func (m Hello) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindHello, &pb.Hello{
		Version:       m.Version,
		Name:          m.Name,
		Token:         m.Token,
		Instance:      m.Instance[:],
		Candidates:    encodeCandidates(m.Candidates),
		Nat:           m.NAT.encode(),
		Prekey:        m.Prekey.encode(),
		RosterEpoch:   m.RosterEpoch,
		RosterVersion: m.RosterVersion,
		Classic:       m.Classic,
		Certificate:   m.Certificate,
		Requires:      encodeFeatures(m.Requires),
		Withhold:      m.Withhold,
	}, decodeHello)
}

// ParseHello decodes the body of a KindHello frame.
func ParseHello(body []byte) (Hello, error) {
	return parseBody(KindHello, body, &pb.Hello{}, decodeHello)
}

func decodeHello(p *pb.Hello) (Hello, error) {
	var f fields
	if p.Version < versionRequires && len(p.Requires) > 0 {
		f.fail("version %d requires nothing of its reader, who would not heed it", p.Version)
	}
	return Hello{
		Version:       uint32(f.positive("version", uint64(p.Version))),
		Name:          f.text("name", p.Name, MaxName),
		Token:         f.bytes("token", p.Token, MaxToken),
		Instance:      f.instance(p.Instance),
		Candidates:    f.candidates(p.Candidates),
		NAT:           decodeNATReport(p.Nat),
		Prekey:        f.prekey(p.Prekey),
		RosterEpoch:   p.RosterEpoch,
		RosterVersion: p.RosterVersion,
		Classic:       p.Classic,
		Certificate:   f.bytes("certificate", p.Certificate, MaxCertificate),
		Requires:      f.features(p.Requires),
		Withhold:      p.Withhold,
	}, f.check()
}

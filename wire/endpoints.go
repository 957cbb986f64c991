package wire

import "peerd/wire/internal/pb"

// Endpoints replaces the candidates and the NAT report that Hello, or an
// earlier Endpoints, gave: after the UDP login, and when the network changed. Who
// has withheld them, or has consented to show them, in a Talk says so anew.
type Endpoints struct {
	Candidates []Candidate // empty = UDP is gone
	NAT        NATReport
	Withhold   bool // as in Hello
}

// Kind implements Message.
func (m Endpoints) Kind() Kind { return KindEndpoints }

// AppendBody implements Message.
func (m Endpoints) AppendBody(b []byte) ([]byte, error) {
	return appendBody(b, KindEndpoints, &pb.Endpoints{
		Candidates: encodeCandidates(m.Candidates),
		Nat:        m.NAT.encode(),
		Withhold:   m.Withhold,
	}, decodeEndpoints)
}

// ParseEndpoints decodes the body of a KindEndpoints frame.
func ParseEndpoints(body []byte) (Endpoints, error) {
	return parseBody(KindEndpoints, body, &pb.Endpoints{}, decodeEndpoints)
}

func decodeEndpoints(p *pb.Endpoints) (Endpoints, error) {
	var f fields
	return Endpoints{
		Candidates: f.candidates(p.Candidates),
		NAT:        decodeNATReport(p.Nat),
		Withhold:   p.Withhold,
	}, f.check()
}

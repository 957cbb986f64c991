package wire

import (
	"net/netip"
	"strconv"

	"peerd/wire/internal/pb"
)

// A CandidateKind says where a candidate comes from. Numbers we do not know
// are kept, so that an old rendezvous passes on what newer peers understand.
type CandidateKind uint8

// The kinds of candidates.
const (
	CandidateLocal     CandidateKind = 1 // a socket's own endpoint
	CandidateObserved  CandidateKind = 2 // as the rendezvous saw it; certified by a cookie
	CandidatePredicted CandidateKind = 3 // where the NAT has mapped another socket of the peer, or is going to
	CandidateMapped    CandidateKind = 4 // a port that the router forwards by PCP, NAT-PMP or UPnP; passed on where the peer is seen, or private
	CandidateTCP       CandidateKind = 5 // where the rendezvous sees the control connection come from
)

// String returns "local", "observed", "predicted", "mapped" or "tcp",
// "candidate 9" for one we do not know.
func (k CandidateKind) String() string {
	switch k {
	case CandidateLocal:
		return "local"
	case CandidateObserved:
		return "observed"
	case CandidatePredicted:
		return "predicted"
	case CandidateMapped:
		return "mapped"
	case CandidateTCP:
		return "tcp"
	}
	return "candidate " + strconv.Itoa(int(k))
}

// A Candidate is an endpoint at which a peer may be reachable. That somebody
// names an endpoint does not mean it may be probed: see package punch.
type Candidate struct {
	Endpoint netip.AddrPort // IPv4-mapped addresses arrive as IPv4; zones are not sent
	Kind     CandidateKind
	Cookie   Cookie // of observed candidates on the way to the rendezvous only; else zero
}

func encodeCandidates(candidates []Candidate) []*pb.Candidate {
	var list []*pb.Candidate
	for _, candidate := range candidates {
		list = append(list, &pb.Candidate{
			Endpoint: appendEndpoint(nil, candidate.Endpoint),
			Kind:     uint32(candidate.Kind),
			Cookie:   candidate.Cookie.encode(),
		})
	}
	return list
}

func (f *fields) candidates(list []*pb.Candidate) []Candidate {
	if len(list) > MaxCandidates {
		f.fail("candidates are %d, the limit is %d", len(list), MaxCandidates)
		return nil
	}
	var candidates []Candidate
	for i, p := range list {
		var inner fields
		candidates = append(candidates, inner.candidate(p))
		if inner.err != nil {
			f.fail("candidates[%d]: %w", i, inner.err)
			return nil
		}
	}
	return candidates
}

func (f *fields) candidate(p *pb.Candidate) Candidate {
	candidate := Candidate{
		Endpoint: f.endpoint("endpoint", p.Endpoint),
		Kind:     CandidateKind(f.code("kind", p.Kind)),
	}
	f.optional(candidate.Cookie[:], "cookie", p.Cookie)
	return candidate
}

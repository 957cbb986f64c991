package rendezvous

import (
	"slices"

	"peerd/wire"
)

// leastPredicted is how many predicted candidates an introduction has room for,
// whatever else the peer can be reached at. A router that counts its ports is
// off by a few when others use it too: fewer guesses mostly miss.
const leastPredicted = 4

// isPrediction reports whether a talk names predicted candidates alone. They go
// with what the peer has told before, and replace nothing of it.
func isPrediction(claimed []wire.Candidate) bool {
	return !slices.ContainsFunc(claimed, func(c wire.Candidate) bool { return c.Kind != wire.CandidatePredicted })
}

// predicted returns the endpoints at which c expects its NAT to have mapped it
// for the peer it talks to. They are good for this talk alone, and count only
// at an address where c is seen: otherwise a peer could have others probe a
// victim.
func (c *connection) predicted(claimed []wire.Candidate) []wire.Candidate {
	known, _ := c.reachableAt()
	var predicted []wire.Candidate
	for _, claim := range claimed {
		candidate := withoutProof(claim)
		if claim.Kind == wire.CandidatePredicted && c.isSeenAt(candidate.Endpoint.Addr(), known) {
			predicted = append(predicted, candidate)
		}
	}
	return predicted
}

// withPredicted adds predicted candidates to a peer's others, which are in order
// of rank, before its local IPv4 ones. What does not fit is left out from the end,
// but of the predicted ones leastPredicted stay.
func withPredicted(known, predicted []wire.Candidate) []wire.Candidate {
	if len(predicted) == 0 {
		return known
	}
	better := slices.IndexFunc(known, func(c wire.Candidate) bool { return rank(c) == rankLocalIPv4 })
	if better < 0 {
		better = len(known)
	}
	better = min(better, wire.MaxCandidates-min(len(predicted), leastPredicted))
	all := slices.Concat(known[:better], predicted, known[better:])
	return all[:min(len(all), wire.MaxCandidates)]
}

// The order of candidates, the likeliest to be of use to somebody elsewhere first.
const (
	rankObserved = iota
	rankMapped
	rankOther // local IPv6 ones, and kinds we do not know
	rankLocalIPv4
)

func rank(c wire.Candidate) int {
	switch {
	case c.Kind == wire.CandidateObserved:
		return rankObserved
	case c.Kind == wire.CandidateMapped:
		return rankMapped
	case c.Kind == wire.CandidateLocal && c.Endpoint.Addr().Is4():
		return rankLocalIPv4
	}
	return rankOther
}

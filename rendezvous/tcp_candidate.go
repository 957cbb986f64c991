package rendezvous

import (
	"net/netip"
	"slices"

	"peerd/wire"
)

// withTCP adds where a peer's control connection comes from. Two peers of whom
// one has no UDP both connect to where the other's comes from, from the port of
// their own: routers that map that port alike for the peer let it through.
//
// No peer names such a candidate: it would have others connect to a victim. A
// full list gives up its last local one, which nobody far away can reach.
func withTCP(candidates []wire.Candidate, source netip.AddrPort) []wire.Candidate {
	if !source.IsValid() {
		return candidates
	}
	tcp := wire.Candidate{Endpoint: source, Kind: wire.CandidateTCP}
	if len(candidates) < wire.MaxCandidates {
		return append(slices.Clone(candidates), tcp) // others read the same array
	}
	replaced := slices.Clone(candidates)
	for i := len(replaced) - 1; i >= 0; i-- {
		if replaced[i].Kind == wire.CandidateLocal {
			replaced[i] = tcp
			break
		}
	}
	return replaced
}

// isObserved reports whether the rendezvous has seen the peer with these
// candidates send UDP.
func isObserved(candidates []wire.Candidate) bool {
	return slices.ContainsFunc(candidates, func(c wire.Candidate) bool { return c.Kind == wire.CandidateObserved })
}

package rendezvous

import (
	"net/netip"
	"slices"
	"testing"

	"peerd/wire"
)

// candidatesOf makes n candidates of a kind, at ports from first on.
func candidatesOf(kind wire.CandidateKind, addr string, first uint16, n int) (made []wire.Candidate) {
	for i := range n {
		endpoint := netip.AddrPortFrom(netip.MustParseAddr(addr), first+uint16(i))
		made = append(made, wire.Candidate{Endpoint: endpoint, Kind: kind})
	}
	return made
}

func TestPredictedCandidatesHaveTheirPlace(t *testing.T) {
	observed := func(n int) []wire.Candidate { return candidatesOf(wire.CandidateObserved, "203.0.113.1", 1000, n) }
	mapped := func(n int) []wire.Candidate { return candidatesOf(wire.CandidateMapped, "203.0.113.1", 2000, n) }
	local6 := func(n int) []wire.Candidate { return candidatesOf(wire.CandidateLocal, "2001:db8::1", 3000, n) }
	local4 := func(n int) []wire.Candidate { return candidatesOf(wire.CandidateLocal, "192.168.1.2", 4000, n) }
	predicted := func(n int) []wire.Candidate { return candidatesOf(wire.CandidatePredicted, "203.0.113.1", 5000, n) }
	for _, c := range []struct {
		name      string
		known     []wire.Candidate
		predicted []wire.Candidate
		want      []wire.Candidate
	}{
		{"none change nothing", slices.Concat(observed(1), local4(7)), nil, slices.Concat(observed(1), local4(7))},
		{"all fit", slices.Concat(observed(1), local4(1)), predicted(3), slices.Concat(observed(1), predicted(3), local4(1))},
		{"local IPv4 ones give way", slices.Concat(observed(1), local4(7)), predicted(6),
			slices.Concat(observed(1), predicted(6), local4(1))},
		{"better ones come first", slices.Concat(observed(1), mapped(1), local6(1), local4(5)), predicted(8),
			slices.Concat(observed(1), mapped(1), local6(1), predicted(5))},
		{"four get through beside many better ones", slices.Concat(observed(3), mapped(2), local6(3)), predicted(8),
			slices.Concat(observed(3), mapped(1), predicted(4))},
		{"two need no place for four", slices.Concat(observed(3), mapped(2), local6(3)), predicted(2),
			slices.Concat(observed(3), mapped(2), local6(1), predicted(2))},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := slices.Clone(c.known)
			if got := withPredicted(c.known, c.predicted); !slices.Equal(got, c.want) {
				t.Errorf("the introduction has\n%v, want\n%v", got, c.want)
			}
			if !slices.Equal(c.known, before) {
				t.Error("the peer's own list was changed")
			}
		})
	}
}

// TestPredictionsAloneReplaceNothing proves that a peer may use a whole talk for
// guesses, and is still known at its other endpoints.
func TestPredictionsAloneReplaceNothing(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	bob.showUDP()
	observed := alice.observed()
	nat := wire.NATReport{Mapping: wire.MappingAPDM, Allocation: wire.AllocationSequential}
	alice.send(wire.Endpoints{NAT: nat, Candidates: append(candidatesOf(wire.CandidateLocal, "192.168.1.2", 4000, 7), observed)})
	guesses := candidatesOf(wire.CandidatePredicted, observed.Endpoint.Addr().String(), 5000, 8)
	_, bobs := alice.talkTo(bob, wire.Talk{Candidates: guesses})
	observed.Cookie = wire.Cookie{}
	if want := append([]wire.Candidate{observed}, guesses[:7]...); !slices.Equal(bobs.Candidates, want) || bobs.NAT != nat {
		t.Errorf("bob learns %v behind %v, want %v", bobs.Candidates, bobs.NAT, want)
	}
	if _, bobs = alice.talkTo(bob, wire.Talk{}); len(bobs.Candidates) != 8 {
		t.Errorf("bob learns %v at the next talk", bobs.Candidates)
	}
}

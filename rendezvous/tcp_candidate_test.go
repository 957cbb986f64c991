package rendezvous

import (
	"net/netip"
	"slices"
	"testing"

	"peerd/wire"
)

// source is where the rendezvous sees c's control connection come from.
func (c *client) source() wire.Candidate {
	return wire.Candidate{Endpoint: addrOf(c.conn.LocalAddr()), Kind: wire.CandidateTCP}
}

// showUDP proves that c has UDP.
func (c *client) showUDP() {
	c.t.Helper()
	c.send(wire.Endpoints{Candidates: []wire.Candidate{c.observed()}}, wire.Ping{Nonce: 1})
	await[wire.Pong](c)
}

// TestPeersWithoutUDPLearnEachOthersTCPSource proves that both peers are told
// when one of them has no UDP, whichever that is, and neither when both have.
func TestPeersWithoutUDPLearnEachOthersTCPSource(t *testing.T) {
	for name, test := range map[string]struct{ callerUDP, calleeUDP, told bool }{
		"both have UDP":           {true, true, false},
		"the caller has none":     {false, true, true},
		"the callee has none":     {true, false, true},
		"neither of them has any": {false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			alice, bob := join(t, s, "alice"), join(t, s, "bob")
			talk := wire.Talk{}
			if test.callerUDP {
				talk.Candidates = []wire.Candidate{alice.observed()}
			}
			if test.calleeUDP {
				bob.showUDP()
			}
			own, bobs := alice.talkTo(bob, talk)
			if got := slices.Contains(own.Candidates, bob.source()); got != test.told {
				t.Errorf("alice learns %v; bob's %v in it: want %v", own.Candidates, bob.source(), test.told)
			}
			if got := slices.Contains(bobs.Candidates, alice.source()); got != test.told {
				t.Errorf("bob learns %v; alice's %v in it: want %v", bobs.Candidates, alice.source(), test.told)
			}
		})
	}
}

// TestNoPeerNamesATCPSource proves that a peer cannot have others connect to a
// victim.
func TestNoPeerNamesATCPSource(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	victim := wire.Candidate{Endpoint: netip.MustParseAddrPort("198.51.100.66:443"), Kind: wire.CandidateTCP}
	_, bobs := alice.talkTo(bob, wire.Talk{Candidates: []wire.Candidate{victim}})
	if len(bobs.Candidates) != 1 || bobs.Candidates[0] != alice.source() {
		t.Errorf("bob learns %v, want %v alone", bobs.Candidates, alice.source())
	}
}

func TestTCPSourceTakesTheLastLocalPlace(t *testing.T) {
	candidate := func(port uint16, kind wire.CandidateKind) wire.Candidate {
		return wire.Candidate{Endpoint: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port), Kind: kind}
	}
	full := func(last wire.CandidateKind) (full []wire.Candidate) {
		for port := range uint16(wire.MaxCandidates - 1) {
			full = append(full, candidate(2000+port, last))
		}
		return append(full, candidate(3000, wire.CandidateMapped))
	}
	source := candidate(5000, wire.CandidateTCP)

	before := full(wire.CandidateLocal)
	after := withTCP(before, source.Endpoint)
	if len(after) != wire.MaxCandidates || after[wire.MaxCandidates-2] != source || after[0] != before[0] {
		t.Errorf("a full list becomes %v", after)
	}
	if before[wire.MaxCandidates-2].Kind != wire.CandidateLocal {
		t.Error("the peer's own list was changed")
	}
	if after := withTCP(full(wire.CandidateObserved), source.Endpoint); slices.Contains(after, source) || len(after) != wire.MaxCandidates {
		t.Errorf("a list full of better candidates becomes %v", after)
	}
	if after := withTCP(nil, netip.AddrPort{}); len(after) != 0 {
		t.Errorf("no source is named as %v", after)
	}
}

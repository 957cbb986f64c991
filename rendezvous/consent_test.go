package rendezvous

import (
	"net/netip"
	"slices"
	"testing"

	"peerd/wire"
)

// exposed is a member with everything that could tell where it is: an observed, a
// local and a mapped endpoint, and a NAT report.
func exposed(t *testing.T, s *Server, name string, withhold bool) *client {
	t.Helper()
	c := join(t, s, name)
	c.send(c.whereabouts(withhold), wire.Ping{Nonce: 1})
	await[wire.Pong](c)
	return c
}

func (c *client) whereabouts(withhold bool) wire.Endpoints {
	observed := c.observed()
	mapped := wire.Candidate{Endpoint: netip.AddrPortFrom(observed.Endpoint.Addr(), 6000), Kind: wire.CandidateMapped}
	local := wire.Candidate{Endpoint: netip.MustParseAddrPort("192.168.1.5:4000"), Kind: wire.CandidateLocal}
	return wire.Endpoints{
		Candidates: []wire.Candidate{observed, mapped, local},
		NAT:        wire.NATReport{Mapping: wire.MappingEIM, Lifetime: 1},
		Withhold:   withhold,
	}
}

func isShown(m wire.Introduction) bool { return len(m.Candidates) > 0 || m.NAT != wire.NATReport{} }

// TestT11StrangerIsShownNothing has mallory ask for alice, who shows herself to whom
// she has accepted only, in every way that makes the rendezvous name endpoints.
func TestT11StrangerIsShownNothing(t *testing.T) {
	for name, mallory := range map[string]struct {
		withUDP bool
		talk    wire.Talk
	}{
		"as everybody does":        {true, wire.Talk{}},
		"with candidates":          {true, wire.Talk{Candidates: candidatesOf(wire.CandidateLocal, "192.168.1.9", 4000, 2)}},
		"with predicted ones":      {true, wire.Talk{Candidates: candidatesOf(wire.CandidatePredicted, "127.0.0.1", 4000, 2)}},
		"without UDP, so for TCP":  {false, wire.Talk{}},
		"and shows nothing of its": {true, wire.Talk{Withhold: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			alice := exposed(t, s, "alice", true)
			m := join(t, s, "mallory")
			if mallory.withUDP {
				m.showUDP()
			}
			for range 3 {
				mallorys, alices := m.talkTo(alice, mallory.talk)
				if isShown(mallorys) {
					t.Errorf("mallory is shown %v behind %v", mallorys.Candidates, mallorys.NAT)
				}
				if isShown(alices) {
					t.Errorf("alice is shown %v, which she cannot use", alices.Candidates)
				}
			}
			if mallory.talk.Withhold {
				return
			}
			alices, mallorys := alice.talkTo(m, wire.Talk{})
			if !isShown(mallorys) || !isShown(alices) {
				t.Errorf("alice has answered; she is shown %v, mallory %v", alices.Candidates, mallorys.Candidates)
			}
			if mallorys, _ = m.talkTo(alice, wire.Talk{}); !isShown(mallorys) {
				t.Error("what alice has said is forgotten with the next talk")
			}
		})
	}
}

// TestT11ConsentIsTakenBack proves that an introduction shows nobody who has changed
// its mind since, in whatever way it did.
func TestT11ConsentIsTakenBack(t *testing.T) {
	for name, change := range map[string]func(alice, bob *client){
		"for this peer":   func(alice, bob *client) { alice.talkTo(bob, wire.Talk{Withhold: true}) },
		"for all of them": func(alice, bob *client) { alice.send(alice.whereabouts(true)) },
		"by another login": func(alice, bob *client) {
			alice.login(wire.Hello{Withhold: true, Candidates: alice.whereabouts(true).Candidates})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t)
			alice, bob := exposed(t, s, "alice", true), exposed(t, s, "bob", false)
			if _, bobs := alice.talkTo(bob, wire.Talk{}); !isShown(bobs) {
				t.Fatal("alice has asked for bob, who is not shown her")
			}
			change(alice, bob)
			alice.send(wire.Ping{Nonce: 2})
			await[wire.Pong](alice)
			if bobs, _ := bob.talkTo(alice, wire.Talk{}); isShown(bobs) {
				t.Errorf("bob is shown %v", bobs.Candidates)
			}
		})
	}
}

// TestT11ConsentIsForOneRun proves that it says nothing about a later login of either
// peer, whose session is another one.
func TestT11ConsentIsForOneRun(t *testing.T) {
	s := startServer(t)
	alice, bob := exposed(t, s, "alice", true), exposed(t, s, "bob", false)
	alice.talkTo(bob, wire.Talk{})
	bob.instance[0]++
	bob.login(wire.Hello{})
	bob.showUDP()
	if bobs, _ := bob.talkTo(alice, wire.Talk{}); isShown(bobs) {
		t.Errorf("bob, come back, is shown %v", bobs.Candidates)
	}
}

// TestWhoWithholdsNothingIsShownAsEver is for peers of before there was a choice.
func TestWhoWithholdsNothingIsShownAsEver(t *testing.T) {
	s := startServer(t)
	alice, bob := exposed(t, s, "alice", false), exposed(t, s, "bob", false)
	if alices, bobs := alice.talkTo(bob, wire.Talk{}); !isShown(alices) || !isShown(bobs) {
		t.Errorf("alice is shown %v, bob %v", alices.Candidates, bobs.Candidates)
	}
	if alices, bobs := alice.talkTo(bob, wire.Talk{Withhold: true}); isShown(alices) || isShown(bobs) {
		t.Errorf("alice asked to be kept from bob, who is shown %v, she %v", bobs.Candidates, alices.Candidates)
	}
}

// TestT03RendezvousPassesOnNothingForbidden proves that no introduction names an
// address that is no peer's for anybody.
func TestT03RendezvousPassesOnNothingForbidden(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	bob.showUDP()
	observed := alice.observed()
	for forbidden := range slices.Chunk([]string{
		"169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "0.1.2.3", "192.0.0.1", "198.18.0.1",
		"224.0.0.251", "240.0.0.1", "255.255.255.255", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::",
		"::127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "2606:4700::5efe:7f00:1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1",
	}, wire.MaxCandidates-1) {
		for _, kind := range []wire.CandidateKind{wire.CandidateLocal, wire.CandidateObserved, wire.CandidateMapped, 99} {
			candidates := []wire.Candidate{observed}
			for _, addr := range forbidden {
				candidates = append(candidates, wire.Candidate{Endpoint: netip.AddrPortFrom(netip.MustParseAddr(addr), 5000), Kind: kind})
			}
			_, bobs := alice.talkTo(bob, wire.Talk{Candidates: candidates})
			if len(bobs.Candidates) != 1 || bobs.Candidates[0].Endpoint != observed.Endpoint {
				t.Errorf("%v at %s: bob is shown %v", kind, forbidden, bobs.Candidates)
			}
		}
	}
}

package peer

import (
	"net/netip"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/punch"
	"peerd/wire"
)

// aimed introduces a peer at an endpoint that is not his.
func aimed(in wire.Introduction, kind wire.CandidateKind, at ...netip.AddrPort) wire.Introduction {
	in.Candidates = nil
	for _, endpoint := range at {
		in.Candidates = append(in.Candidates, wire.Candidate{Endpoint: endpoint, Kind: kind})
	}
	return in
}

// TestT02AFalseNATReportCostsNoMoreThanTheBudget has the rendezvous introduce bob
// with a NAT report that makes alice try everything she has, at an address that
// is not his: she tries it, within her limits, and stops.
func TestT02AFalseNATReportCostsNoMoreThanTheBudget(t *testing.T) {
	h := newHostile(t)
	h.rogue.OnFrame(withhold)
	alice, bob := h.join("alice"), h.puppet("bob")
	h.knows(alice, "bob")
	h.await("alice has measured her network", func() bool {
		return alice.ownReport().Mapping != wire.MappingUnknown && !alice.classifier.busy()
	})
	alice.mu.Lock()
	alice.observation.report = wire.NATReport{Mapping: wire.MappingEIM, Filtering: wire.FilteringAPDF}
	alice.mu.Unlock()
	in := aimed(bob.introduction(alice), wire.CandidateObserved, netip.MustParseAddrPort("127.0.0.9:9999"))
	in.NAT = wire.NATReport{Mapping: wire.MappingAPDM, Filtering: wire.FilteringAPDF, Allocation: wire.AllocationRandom}
	h.rogue.Send(alice.Key(), in)
	var row api.Why
	h.await("the search begins", func() bool { return len(alice.allSessions()) == 1 })
	h.await("the search ends", func() bool {
		var err error
		row, err = alice.Why(h.guard(), "bob")
		return err == nil && len(row.Attempts) > 0 && !row.Searching
	})
	sent, sprayed := 0, false
	for _, attempt := range row.Attempts {
		sent += attempt.Probes + attempt.Openers
		sprayed = sprayed || attempt.Strategy == "spray"
	}
	if !sprayed {
		t.Errorf("alice did not fall for it, so this test proves nothing: %+v", row.Attempts)
	}
	if most := punch.SustainedBurst + 5*punch.SustainedProbes; sent > most {
		t.Errorf("%d probes were sent, more than the governor allows in the 5 s of a search: %d", sent, most)
	}
	if row.Reason != api.ReasonTheirHardNAT {
		t.Errorf("why says %+v", row)
	}
}

// TestT02AVictimNamedAThousandTimesGetsLittle has the rendezvous introduce alice to
// ten peers a thousand times, and to nobody but a victim: over real sockets.
func TestT02AVictimNamedAThousandTimesGetsLittle(t *testing.T) {
	h := newHostile(t)
	h.rogue.OnFrame(withhold)
	alice, witness := h.join("alice"), h.puppet("witness")
	var victims []*victim
	var at []netip.AddrPort
	for i := range wire.MaxCandidates {
		victims = append(victims, victimAt(t, netip.MustParseAddrPort("127.0.0.77:0")))
		at = append(at, victims[i].endpoint())
	}
	kinds := []wire.CandidateKind{wire.CandidateLocal, wire.CandidateObserved, wire.CandidatePredicted, wire.CandidateMapped}
	var peers []puppet
	for i := range 10 {
		peers = append(peers, h.puppet("peer "+string(rune('a'+i))))
	}
	h.knows(alice, "peer j")
	start := time.Now()
	for i := range 1000 {
		h.rogue.Send(alice.Key(), aimed(peers[i%len(peers)].introduction(alice), kinds[i%len(kinds)], at...))
	}
	h.settled(alice, witness)
	h.await("the last volleys are over", func() bool {
		for _, s := range alice.allSessions() {
			if s.punch.Search().Running {
				return false
			}
		}
		return true
	})
	elapsed, n := time.Since(start).Seconds(), int64(0)
	for _, v := range victims {
		n += v.received()
	}
	if most := int64(punch.SustainedBurst + punch.SustainedProbes*elapsed); n == 0 || n > most {
		t.Errorf("the victim got %d packets in %.1f s, want some and at most %d", n, elapsed, most)
	}
}

// TestT02SessionsAreCounted introduces a daemon to more peers than anybody has.
func TestT02SessionsAreCounted(t *testing.T) {
	d := &Daemon{sessions: map[wire.SessionID]*session{}}
	for i := range maxSessions {
		id := wire.SessionID{1, byte(i), byte(i >> 8)}
		if !d.hasRoomFor(wire.Introduction{Session: id}) {
			t.Fatalf("there is no room for session %d", i)
		}
		d.sessions[id] = &session{id: id}
	}
	if d.hasRoomFor(wire.Introduction{Session: wire.SessionID{2}}) {
		t.Errorf("there is room for more than %d sessions", maxSessions)
	}
	if !d.hasRoomFor(wire.Introduction{Session: wire.SessionID{1}}) {
		t.Error("a session that there is cannot be introduced again")
	}
}

// TestT02IntroductionsBeyondThatAreIgnored has no room left.
func TestT02IntroductionsBeyondThatAreIgnored(t *testing.T) {
	h := newHostile(t)
	alice, bob := h.join("alice"), h.puppet("bob")
	h.knows(alice, "bob")
	alice.mu.Lock()
	kept := alice.sessions
	alice.sessions = map[wire.SessionID]*session{}
	for i := range maxSessions {
		alice.sessions[wire.SessionID{1, byte(i), byte(i >> 8)}] = nil
	}
	alice.mu.Unlock()
	alice.introduced(bob.introduction(alice))
	alice.mu.Lock()
	_, opened := alice.sessions[bob.session(alice)]
	alice.sessions = kept
	alice.mu.Unlock()
	if opened {
		t.Error("a session more than there is room for was opened")
	}
}

// TestT15PeersThatAreMadeUpAreNotMetWithoutEnd has a rendezvous introduce one peer more
// than a circle may have had.
func TestT15PeersThatAreMadeUpAreNotMetWithoutEnd(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	c.knows(alice, "bob")
	c.knows(alice, "carol")
	alice.conversation(bob.Key())
	alice.mu.Lock()
	for i := range maxConversations - 1 {
		alice.conversations[wire.Key{0: 0xff, 1: byte(i >> 16), 2: byte(i >> 8), 3: byte(i)}] = new(conversation)
	}
	alice.mu.Unlock()
	for _, peer := range []*Daemon{bob, carol} {
		instance := wire.Instance{1}
		alice.introduced(wire.Introduction{
			Session: wire.DeriveSessionID(alice.Key(), alice.instance, peer.Key(), instance), Peer: peer.Key(), Instance: instance,
		})
	}
	if alice.existingConversation(carol.Key()) != nil {
		t.Error("there is a conversation with one more")
	}
	if alice.conversation(bob.Key()).currentSession() == nil {
		t.Error("a peer that we know was not met")
	}
}

package rendezvous

import (
	"bytes"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"peerd/wire"
)

func TestTalkIntroducesBoth(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	bob.showUDP()
	candidate := alice.observed()
	nat := wire.NATReport{Mapping: wire.MappingADM, Filtering: wire.FilteringADF}
	own, bobs := alice.talkTo(bob, wire.Talk{
		Candidates: []wire.Candidate{candidate}, NAT: nat, Sealed: []byte("hello, bob"),
	})
	session := wire.DeriveSessionID(alice.key(), alice.instance, bob.key(), bob.instance)
	if own.Session != session || bobs.Session != session {
		t.Errorf("sessions %v and %v, want %v", own.Session, bobs.Session, session)
	}
	if !own.Caller || bobs.Caller {
		t.Errorf("caller is told %v, callee %v", own.Caller, bobs.Caller)
	}
	if own.Peer != bob.key() || own.Instance != bob.instance || bobs.Peer != alice.key() || bobs.Instance != alice.instance {
		t.Error("a peer is introduced with another's key or instance")
	}
	if len(bobs.Candidates) != 1 || bobs.Candidates[0].Endpoint != candidate.Endpoint || bobs.NAT != nat {
		t.Errorf("bob learns %v behind %v", bobs.Candidates, bobs.NAT)
	}
	if len(own.Sealed) != 0 || !bytes.Equal(bobs.Sealed, []byte("hello, bob")) {
		t.Errorf("envelope: caller gets %q, callee %q", own.Sealed, bobs.Sealed)
	}
}

// TestPredictedCandidatesAreOfOneTalk proves that a peer may guess at which port
// its own router will map it, at no other address, and that the guess goes into
// no other introduction.
func TestPredictedCandidatesAreOfOneTalk(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	bob.showUDP()
	observed := alice.observed()
	guess := wire.Candidate{Endpoint: netip.AddrPortFrom(observed.Endpoint.Addr(), 40001), Kind: wire.CandidatePredicted}
	victim := wire.Candidate{Endpoint: netip.MustParseAddrPort("198.51.100.66:40001"), Kind: wire.CandidatePredicted}
	_, bobs := alice.talkTo(bob, wire.Talk{Candidates: []wire.Candidate{observed, guess, victim}})
	if len(bobs.Candidates) != 2 || bobs.Candidates[1] != guess {
		t.Errorf("bob learns %v, want the observed endpoint and the guess", bobs.Candidates)
	}
	_, bobs = alice.talkTo(bob, wire.Talk{})
	if len(bobs.Candidates) != 1 {
		t.Errorf("bob learns %v at the next talk, want the observed endpoint alone", bobs.Candidates)
	}
}

func TestTalkIsRefused(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	alice.awaitRow(bob.key(), online)
	bob.send(wire.Goodbye{})
	alice.awaitRow(bob.key(), offline)
	cases := []struct {
		name string
		to   wire.Key
		code wire.TalkRefusedCode
	}{
		{"nobody has this key", wire.Key{1}, wire.TalkRefusedUnknownPeer},
		{"oneself", alice.key(), wire.TalkRefusedUnknownPeer},
		{"a member who is away", bob.key(), wire.TalkRefusedOffline},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			alice.send(wire.Talk{To: c.to})
			if got := await[wire.TalkRefused](alice); got.Code != c.code || got.To != c.to {
				t.Errorf("refused with %v, want %v", got.Code, c.code)
			}
		})
	}
}

func TestT13TalksOverTheQuotaAreRefused(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	s.quotas.of(alice.key()).talks.SetLimit(rate.Every(time.Hour)) // however long this takes
	for range talkBurst {
		alice.talkTo(bob, wire.Talk{})
	}
	alice.send(wire.Talk{To: bob.key()})
	if got := await[wire.TalkRefused](alice); got.Code != wire.TalkRefusedBusy {
		t.Errorf("refused with %v, want busy", got.Code)
	}
	// A new connection of the same key starts with what is left, not anew.
	alice.login(wire.Hello{})
	alice.send(wire.Talk{To: bob.key()})
	await[wire.TalkRefused](alice)
}

func TestEnvelopeGoesToTheOtherPeerOfTheSession(t *testing.T) {
	s := startServer(t)
	alice, bob, carol := join(t, s, "alice"), join(t, s, "bob"), join(t, s, "carol")
	introduction, _ := alice.talkTo(bob, wire.Talk{})
	envelope := wire.Envelope{Session: introduction.Session, Sealed: []byte("receipt")}
	carol.send(envelope, wire.Ping{Nonce: 1}) // not her session
	await[wire.Pong](carol)
	bob.send(envelope)
	if got := await[wire.Envelope](alice); string(got.Sealed) != "receipt" {
		t.Errorf("alice got %q", got.Sealed)
	}
	if got := s.counters.relayForeign.Load(); got != 1 {
		t.Errorf("%d frames of foreign sessions, want 1", got)
	}
}

// Of two peers at different distances the nearer one is told to wait.
func TestBothFireAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(Config{}, newCookies(), newRelayTable(), new(counters), nil)
		s := &Server{hub: hub, relay: hub.relay, counters: hub.counters}
		near, nears, nearEnds := away(t, s, "near", 20*time.Millisecond)
		far, fars, farEnds := away(t, s, "far", 200*time.Millisecond)
		time.Sleep(time.Second) // both have answered the ping of their login
		hub.talk(near, wire.Talk{To: far.key}, time.Now())
		toNear, toFar := <-nears, <-fars
		if toFar.FireIn != 0 || toNear.FireIn != 90*time.Millisecond {
			t.Errorf("near fires in %v, far in %v; want 90ms and 0s", toNear.FireIn, toFar.FireIn)
		}
		nearEnds()
		farEnds()
	})
}

// away logs in a peer that is so far away, and returns what it is introduced to.
func away(t *testing.T, s *Server, name string, roundTrip time.Duration) (*connection, <-chan wire.Introduction, func()) {
	t.Helper()
	c, peer, wait := pipe(t)
	copy(c.key[:], name)
	c.name, c.instance, c.remote = name, wire.Instance{1}, netip.MustParseAddrPort("192.0.2.1:1")
	c.quota, c.gate.stranger = newQuota(DefaultRelayRate), &stranger{home: newHalfOpen()}
	introductions := make(chan wire.Introduction, 1)
	var tasks sync.WaitGroup
	tasks.Go(func() {
		buffer := make([]byte, wire.MaxBody)
		for {
			kind, body, err := wire.ReadFrame(peer, buffer)
			if err != nil {
				return
			}
			m, err := wire.Parse(kind, body)
			if err != nil {
				t.Error(err)
			}
			switch m := m.(type) {
			case wire.Ping:
				time.Sleep(roundTrip)
				frame, _ := wire.AppendFrame(nil, wire.Pong(m))
				_, _ = peer.Write(frame)
			case wire.Introduction:
				introductions <- m
			}
		}
	})
	s.hub.login(c, wire.Hello{}, time.Now())
	tasks.Go(func() {
		_ = c.frames(func(kind wire.Kind, body []byte) error { return s.handle(c, kind, body, time.Now()) })
	})
	return c, introductions, func() {
		_ = c.conn.NetConn().Close()
		tasks.Wait()
		wait()
	}
}

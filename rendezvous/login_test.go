package rendezvous

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"peerd/wire"
)

func TestLogin(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Circle = "family" })
	alice := newClient(t, s)
	accept := alice.observe(mainPort)
	if own := alice.udp.LocalAddr().String(); accept.Observed.String() != own {
		t.Errorf("observed %v, want %v", accept.Observed, own)
	}
	if accept.ControlPort != s.Addr().Port() || accept.OtherPort != s.Addr().Port()+1 {
		t.Errorf("ports %d and %d, want %d and the next", accept.ControlPort, accept.OtherPort, s.Addr().Port())
	}
	if other := alice.observe(otherPort); other.Observed != accept.Observed {
		t.Errorf("the other port observed %v, the main one %v", other.Observed, accept.Observed)
	}
	welcome := alice.login(wire.Hello{Name: "alice", Token: token(t, s, 1)})
	if welcome.Name != "alice" || welcome.Circle != "family" || !welcome.Observed.IsValid() {
		t.Errorf("welcomed with %+v", welcome)
	}
	alice.awaitRow(alice.key(), online)

	bob := join(t, s, "bob")
	bob.awaitRow(alice.key(), online)
	if row := alice.awaitRow(bob.key(), online); row.Name != "bob" || row.Since.IsZero() {
		t.Errorf("bob's row is %+v", row)
	}
	bob.send(wire.Goodbye{Reason: "good night"})
	alice.awaitRow(bob.key(), offline)
}

func TestPrekeyIsAnnounced(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	prekey := wire.SignedPrekey{ID: 7, Public: [32]byte{1}, Signature: [64]byte{2}}
	bob.send(wire.Prekey{Prekey: prekey})
	alice.awaitRow(bob.key(), func(row wire.Row) bool { return row.Prekey == prekey })
}

func TestSecondLoginReplacesTheFirst(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	first := *bob
	bob.login(wire.Hello{})
	await[wire.Goodbye](&first)
	first.awaitEnd()
	_, introduction := alice.talkTo(bob, wire.Talk{})
	if introduction.Peer != alice.key() {
		t.Errorf("introduced to %v", introduction.Peer)
	}
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.hub.online[bob.key()] == nil {
		t.Error("the end of the first connection logged the second one out")
	}
}

// Frames of a connection whose key has just logged in again may still be under way. They
// must not take the endpoints of the new one along when the old one is forgotten: its
// relayed datagrams would be a stranger's until its endpoints change.
func TestLateFramesOfTheReplacedTakeNoEndpoints(t *testing.T) {
	s := startServer(t)
	alice := join(t, s, "alice")
	candidates := []wire.Candidate{alice.observed()}
	online := func() *connection {
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		return s.hub.online[alice.key()]
	}
	for range 10 {
		old := online()
		var late sync.WaitGroup
		late.Go(func() {
			for {
				s.hub.learnEndpoints(old, candidates, wire.NATReport{}, time.Now())
				select {
				case <-old.gone:
					return
				default:
				}
			}
		})
		alice.login(wire.Hello{Candidates: candidates})
		late.Wait()
		if !s.relay.proved(online(), candidates[0].Endpoint) {
			t.Fatal("the new connection has lost its endpoint")
		}
	}
}

func TestVanishedPeerIsAnnounced(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	alice.awaitRow(bob.key(), online)
	_ = bob.conn.NetConn().Close()
	alice.awaitRow(bob.key(), offline)
}

func TestNameStaysBoundToItsKey(t *testing.T) {
	s := startServer(t)
	alice := join(t, s, "alice")
	again := &client{t: t, server: s, at: s.Addr(), self: alice.self, instance: alice.instance}
	if welcome := again.login(wire.Hello{}); welcome.Name != "alice" {
		t.Errorf("with no wish the name is %q, want alice", welcome.Name)
	}
	if welcome := again.login(wire.Hello{Name: "alicia"}); welcome.Name != "alicia" {
		t.Errorf("after a new wish the name is %q, want alicia", welcome.Name)
	}
	join(t, s, "alice") // free again
}

func TestRestartKeepsMembersAndNames(t *testing.T) {
	directory := t.TempDir()
	self := newClient(t, nil)
	func() {
		s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: directory})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		secret := token(t, s, 1)
		if _, err := s.state.admit(applicant{key: self.key(), wish: "alice", token: secret}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}()
	s := startServer(t, func(c *Config) { c.StateDir = directory })
	if s.FirstStart() {
		t.Error("the second start takes itself for the first")
	}
	self.server, self.at = s, s.Addr()
	if welcome := self.login(wire.Hello{}); welcome.Name != "alice" {
		t.Errorf("welcomed as %q, want alice", welcome.Name)
	}
	stranger := newClient(t, s)
	if code, err := stranger.refusal(wire.Hello{Name: "alice", Token: token(t, s, 1)}); code != wire.RefusedNameTaken {
		t.Errorf("a stranger took the name: %v, %v", code, err)
	}
}

func TestT01OnlyProvenEndpointsAreCertified(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	alice.showUDP()
	proven := bob.observed()
	elsewhere := netip.MustParseAddrPort("192.0.2.7:53")
	stale := s.cookies.bake(observer{}, elsewhere, time.Now().Add(-wire.CookieLifetime-time.Second))
	local := wire.Candidate{Endpoint: netip.MustParseAddrPort("192.168.1.5:4000"), Kind: wire.CandidateLocal}
	nat := wire.NATReport{Mapping: wire.MappingEIM}
	bob.send(wire.Endpoints{NAT: nat, Candidates: []wire.Candidate{
		local,
		proven,
		{Endpoint: elsewhere, Kind: wire.CandidateObserved, Cookie: proven.Cookie},
		{Endpoint: elsewhere, Kind: wire.CandidateObserved, Cookie: stale},
		{Endpoint: elsewhere, Kind: wire.CandidateObserved},
	}}, wire.Ping{Nonce: 1})
	await[wire.Pong](bob)
	own, _ := alice.talkTo(bob, wire.Talk{})
	proven.Cookie = wire.Cookie{}
	want := []wire.Candidate{proven, local}
	if len(own.Candidates) != 2 || own.Candidates[0] != want[0] || own.Candidates[1] != want[1] {
		t.Errorf("introduced with %v, want %v", own.Candidates, want)
	}
	if own.NAT != nat {
		t.Errorf("NAT report %v, want %v", own.NAT, nat)
	}
	if got := s.counters.uncertified.Load(); got != 3 {
		t.Errorf("%d candidates counted as uncertified, want 3", got)
	}
}

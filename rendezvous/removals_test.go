package rendezvous

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"peerd/wire"
)

// back is c as it logs in once more, with its key.
func (c *client) back() *client {
	again := *c
	return &again
}

// refusedWith fails the test unless c is refused for the given reason.
func (c *client) refusedWith(want wire.RefusedCode, what string, hello wire.Hello) {
	c.t.Helper()
	if code, err := c.back().refusal(hello); code != want {
		c.t.Errorf("%s: refused with %v (%v), want %v", what, code, err, want)
	}
}

// awaitRemoved waits until the roster has lost the row of key.
func (c *client) awaitRemoved(key wire.Key) {
	c.t.Helper()
	awaitWhere(c, func(m wire.Delta) bool { return slices.Contains(m.Removed, key) })
}

// usesLeft returns what is left of the only invite with uses for more than one.
func usesLeft(t *testing.T, s *Server) int {
	t.Helper()
	invites, err := s.stopped().Invites()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range invites {
		if i.Uses > 1 {
			return i.UsesLeft
		}
	}
	t.Fatal("there is no such invite")
	return 0
}

func TestT22KickedMemberIsGoneForEverybodyAtOnce(t *testing.T) {
	directory := t.TempDir()
	s := startServer(t, func(c *Config) { c.StateDir = directory })
	pair := introduced(t, s, false, false)
	alice, bob := pair.alice, pair.bob
	bob.relay(pair.session, []byte("before"), false)
	if got := alice.relayed(pair.session, false); string(got) != "before" {
		t.Fatalf("relayed %q", got)
	}

	kicked, err := s.Kick(bob.key(), "too loud")
	if err != nil || kicked.Name != "bob" || kicked.Key != bob.key() || kicked.State != PeerRemoved {
		t.Fatalf("kicked %+v, %v", kicked, err)
	}
	if sessions, _ := s.relay.count(); sessions != 0 {
		t.Errorf("%d sessions may use the relay", sessions)
	}
	if isMemberOnDisk(t, directory, bob.key()) {
		t.Error("what is on disk when the command returns says that bob is a member")
	}
	if bye := await[wire.Goodbye](bob); bye.Reason != "this key was removed from the circle: too loud" {
		t.Errorf("bob is told %q", bye.Reason)
	}
	bob.awaitEnd()
	alice.awaitRemoved(bob.key())
	alice.send(wire.Relay{Session: pair.session, Payload: []byte("after")}, wire.Talk{To: bob.key()})
	if refused := await[wire.TalkRefused](alice); refused.Code != wire.TalkRefusedUnknownPeer {
		t.Errorf("a talk to bob is refused with %v", refused.Code)
	}
	if got := s.counters.relayForeign.Load(); got != 1 {
		t.Errorf("%d frames to bob were dropped, want one", got)
	}
	namesake := join(t, s, "bob")
	alice.awaitRow(namesake.key(), online)
	if _, err := s.Kick(bob.key(), ""); !errors.Is(err, ErrNoSuchMember) {
		t.Errorf("kicked again: %v", err)
	}
	if _, found, _ := s.state.member(namesake.key()); !found {
		t.Error("the second kick hit who has the name now")
	}
}

// isMemberOnDisk looks at a copy of the state file.
func isMemberOnDisk(t *testing.T, directory string, key wire.Key) bool {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(directory, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, stateFile), file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openState(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	_, found, err := s.member(key)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestT22KickedKeyComesBackWithANewInviteOnly(t *testing.T) {
	for _, open := range []bool{false, true} {
		t.Run(map[bool]string{false: "closed circle", true: "open circle"}[open], func(t *testing.T) {
			s := startServer(t, func(c *Config) { c.Open = open })
			old := token(t, s, 16)
			bob := newClient(t, s)
			certificate := bob.login(wire.Hello{Name: "bob", Token: old}).Certificate
			if _, err := s.Kick(bob.key(), ""); err != nil {
				t.Fatal(err)
			}
			left := usesLeft(t, s)
			bob.refusedWith(wire.RefusedNotMember, "with nothing", wire.Hello{Name: "bob"})
			bob.refusedWith(wire.RefusedNotMember, "with its certificate", wire.Hello{Name: "bob", Certificate: certificate})
			bob.refusedWith(wire.RefusedNotMember, "with the invite of before", wire.Hello{Name: "bob", Token: old, Certificate: certificate})
			if got := usesLeft(t, s); got != left {
				t.Errorf("%d uses are left of the old invite, there were %d", got, left)
			}
			second := bob.back().login(wire.Hello{Name: "bob", Token: token(t, s, 1)})
			if second.Name != "bob" || bytes.Equal(second.Certificate, certificate) {
				t.Errorf("welcomed as %q, with the certificate of before: %v", second.Name, bytes.Equal(second.Certificate, certificate))
			}
			if welcome := bob.back().login(wire.Hello{}); welcome.Name != "bob" {
				t.Errorf("a member again, welcomed as %q", welcome.Name)
			}
		})
	}
}

// TestT22KickedKeyCannotUseItsCertificateAfterARestart proves that it is the state file
// that remembers, and that who has joined again lawfully has a certificate that counts.
func TestT22KickedKeyCannotUseItsCertificateAfterARestart(t *testing.T) {
	f := startForgetful(t)
	bob, certificate := f.join("bob")
	carol, _ := f.join("carol")
	for _, key := range []wire.Key{bob.key(), carol.key()} {
		if _, err := f.Kick(key, ""); err != nil {
			t.Fatal(err)
		}
	}
	lawful := carol.back().login(wire.Hello{Name: "carol", Token: token(t, f.Server, 1)}).Certificate
	f.stop()
	f.start()
	f.back(bob).refusedWith(wire.RefusedNotMember, "after a restart", wire.Hello{Certificate: certificate})
	f.loseState()
	if welcome := f.back(carol).login(wire.Hello{Certificate: lawful}); welcome.Name != "carol" {
		t.Errorf("carol, who had joined again, is %q", welcome.Name)
	}
	// What is lost with the state file, as the handbook says, and the remedy.
	if _, err := f.Ban(bob.key(), ""); err != nil {
		t.Errorf("ban a key that is no member's: %v", err)
	}
	f.back(bob).refusedWith(wire.RefusedBanned, "banned before it came", wire.Hello{Certificate: certificate})
}

func TestT22BannedKeyIsRefusedWhateverItShows(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Open = true })
	bob := newClient(t, s)
	certificate := bob.login(wire.Hello{Name: "bob", Token: token(t, s, 1)}).Certificate
	if _, err := s.Ban(bob.key(), "spam"); err != nil {
		t.Fatal(err)
	}
	if bye := await[wire.Goodbye](bob); bye.Reason != "this key is banned from the circle: spam" {
		t.Errorf("bob is told %q", bye.Reason)
	}
	fresh := token(t, s, 16)
	for what, hello := range map[string]wire.Hello{
		"with nothing":          {Name: "bob"},
		"with its certificate":  {Name: "bob", Certificate: certificate},
		"with a new invite":     {Name: "bob", Token: fresh},
		"under another name":    {Name: "robert", Token: fresh},
		"with a made-up invite": {Name: "bob", Token: []byte("0123456789abcdef")},
	} {
		bob.refusedWith(wire.RefusedBanned, what, hello)
	}
	// The ban is of the key, not of what it is wrapped in (Nebula's CVE-2026-25793).
	rewrapped := bob.rewrapped()
	rewrapped.send(wire.Hello{Version: wire.Version, Instance: bob.instance, Name: "bob", Token: fresh})
	if refused := await[wire.Refused](rewrapped); refused.Code != wire.RefusedBanned || refused.Detail != "spam" {
		t.Errorf("with another TLS certificate: %+v", refused)
	}
	if got := usesLeft(t, s); got != 16 {
		t.Errorf("%d uses are left of the new invite, want 16", got)
	}
	join(t, s, "bob") // the name is not banned

	if unbanned, err := s.Unban(bob.key()); err != nil || unbanned.State != PeerRemoved {
		t.Errorf("unbanned %+v, %v", unbanned, err)
	}
	bob.refusedWith(wire.RefusedNotMember, "unbanned, with its certificate", wire.Hello{Name: "robert", Certificate: certificate})
	if welcome := bob.back().login(wire.Hello{Name: "robert", Token: fresh}); welcome.Name != "robert" {
		t.Errorf("unbanned, with an invite, welcomed as %q", welcome.Name)
	}
	if _, err := s.Unban(bob.key()); !errors.Is(err, ErrNotBanned) {
		t.Errorf("unbanned again: %v", err)
	}
}

// rewrapped connects with another certificate of the same key.
func (c *client) rewrapped() *client {
	c.t.Helper()
	config := c.self.ClientTLS(wire.ControlProtocol, c.server.Key())
	own := config.Certificates[0]
	private := own.PrivateKey.(ed25519.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(99)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil || bytes.Equal(der, own.Certificate[0]) {
		c.t.Fatalf("wrap the key anew: %v", err)
	}
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}
	raw, err := net.Dial("tcp", c.at.String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = raw.Close() })
	again := c.back()
	again.conn = tls.Client(raw, config)
	again.listen()
	return again
}

// TestT22RemovalMeetsALoginUnderWay stops a login between the decision that the key is
// a member's and its entry into the roster, and bans the key meanwhile.
func TestT22RemovalMeetsALoginUnderWay(t *testing.T) {
	s := startServer(t)
	bob := join(t, s, "bob")
	s.relay.mu.Lock() // where a login stops on its way into the hub
	goOn := sync.OnceFunc(s.relay.mu.Unlock)
	defer goOn()
	again := bob.back()
	if err := again.hello(wire.Hello{}); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the login is under way", func() bool {
		if s.admission.TryLock() {
			s.admission.Unlock()
			return false
		}
		return true
	})
	var banning sync.WaitGroup
	banning.Go(func() {
		if _, err := s.Ban(bob.key(), ""); err != nil {
			t.Error(err)
		}
	})
	waitUntil(t, "the ban waits, or is through", func() bool {
		if !s.admission.TryRLock() {
			return true
		}
		s.admission.RUnlock()
		_, found, _ := s.state.member(bob.key())
		return !found
	})
	goOn()
	banning.Wait()
	again.awaitEnd()
	if s.hub.presence()[bob.key()].Online || len(s.hub.connections()) != 0 {
		t.Error("the banned peer is online")
	}
}

// TestT22RemovalAndLoginAtTheSameInstant has them race, over real logins.
func TestT22RemovalAndLoginAtTheSameInstant(t *testing.T) {
	s := startServer(t)
	for range 8 {
		bob := newClient(t, s)
		hello := wire.Hello{Name: "bob", Token: token(t, s, 1)}
		bob.login(hello)
		again := bob.back()
		var both sync.WaitGroup
		both.Go(func() { _, _ = again.refusal(wire.Hello{}) })
		both.Go(func() {
			if _, err := s.Kick(bob.key(), ""); err != nil {
				t.Error(err)
			}
			if row, listed := s.hub.presence()[bob.key()]; listed {
				t.Errorf("kicked, and in the roster: %+v", row)
			}
		})
		both.Wait()
		again.awaitEnd()
	}
	if n := len(s.hub.connections()); n != 0 {
		t.Errorf("%d are online", n)
	}
}

func TestPeersSaysWhoIsThereAndHowTheyJoined(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Open = true })
	invite, err := s.state.addInvite([]byte("0123456789abcdef"), 3, time.Hour, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	guest := newClient(t, s)
	guest.login(wire.Hello{Name: "alice", Token: []byte("0123456789abcdef")})
	open := newClient(t, s)
	open.login(wire.Hello{Name: "bob"})
	open.awaitRow(open.key(), online)
	gone := newClient(t, s)
	gone.login(wire.Hello{Name: "carol"})
	open.awaitRow(gone.key(), online)
	gone.send(wire.Goodbye{})
	open.awaitRow(gone.key(), offline)
	banned := wire.Key{7}
	if _, err := s.Ban(banned, "known elsewhere"); err != nil {
		t.Fatal(err)
	}
	admin, err := dialAdmin(filepath.Join(s.config.StateDir, adminSocket))
	if err != nil || admin == nil {
		t.Fatal(err)
	}
	defer admin.Close()
	peers, err := admin.Peers()
	if err != nil || len(peers) != 4 {
		t.Fatalf("%d peers, %v", len(peers), err)
	}
	for i, want := range []Peer{
		{Key: banned, State: PeerBanned, Reason: "known elsewhere"},
		{Name: "alice", Key: guest.key(), State: PeerOnline, How: JoinedByInvite, Invite: invite.ID},
		{Name: "bob", Key: open.key(), State: PeerOnline, How: JoinedOpen},
		{Name: "carol", Key: gone.key(), State: PeerOffline, How: JoinedOpen},
	} {
		got := peers[i]
		if got.Joined.IsZero() != (want.Key == banned) || got.LastSeen.IsZero() == (want.State == PeerOffline) {
			t.Errorf("%s joined %v, was last seen %v", got.Name, got.Joined, got.LastSeen)
		}
		got.Joined, got.LastSeen, got.Removed = time.Time{}, time.Time{}, time.Time{}
		if got != want {
			t.Errorf("row %d is %+v, want %+v", i, got, want)
		}
	}
	if _, err := admin.Kick(wire.Key{9}, ""); !errors.Is(err, ErrNoSuchMember) {
		t.Errorf("kick a stranger: %v", err)
	}
	if _, err := admin.Ban(guest.key(), "two\nlines"); err == nil {
		t.Error("a reason of two lines is taken")
	}
	if peer, err := admin.Unban(banned); err != nil || peer.Key != banned {
		t.Errorf("unban: %+v, %v", peer, err)
	}
}

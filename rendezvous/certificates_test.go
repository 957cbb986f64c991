package rendezvous

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"peerd/wire"
)

// forgetful is a rendezvous that loses its state file, again and again.
type forgetful struct {
	*Server
	t    *testing.T
	dir  string
	stop func()
}

func startForgetful(t *testing.T) *forgetful {
	f := &forgetful{t: t, dir: t.TempDir()}
	f.start()
	t.Cleanup(func() { f.stop() })
	return f
}

func (f *forgetful) start() {
	f.t.Helper()
	var err error
	if f.Server, err = Open(Config{Listen: "127.0.0.1:0", StateDir: f.dir}); err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	server := f.Server
	go func() { served <- server.Serve(ctx) }()
	f.stop = func() {
		cancel()
		if err := <-served; err != nil {
			f.t.Errorf("serve: %v", err)
		}
	}
}

// loseState restarts the rendezvous without its state file.
func (f *forgetful) loseState() {
	f.t.Helper()
	f.stop()
	if err := os.Remove(filepath.Join(f.dir, stateFile)); err != nil {
		f.t.Fatal(err)
	}
	f.start()
}

// join logs a new member in, and returns its certificate too.
func (f *forgetful) join(name string) (*client, []byte) {
	f.t.Helper()
	c := newClient(f.t, f.Server)
	welcome := c.login(wire.Hello{Name: name, Token: token(f.t, f.Server, 1)})
	return c, welcome.Certificate
}

// back is the client as it is after the rendezvous has started again.
func (f *forgetful) back(c *client) *client {
	again := *c
	again.server, again.at = f.Server, f.Addr()
	return &again
}

func TestMembersComeBackToARendezvousWithoutState(t *testing.T) {
	f := startForgetful(t)
	if !f.FirstStart() || f.StateLost() {
		t.Error("the first start takes itself for another")
	}
	alice, certificate := f.join("alice")
	open := token(t, f.Server, 2)
	f.loseState()
	if f.FirstStart() || !f.StateLost() {
		t.Error("a start without the old state takes itself for the first")
	}
	stranger := newClient(t, f.Server)
	for name, c := range map[string]struct {
		hello wire.Hello
		want  wire.RefusedCode
	}{
		"an invite of before":  {wire.Hello{Name: "alice", Token: open}, wire.RefusedInviteUnknown},
		"nothing":              {wire.Hello{Name: "alice"}, wire.RefusedNotMember},
		"a stolen certificate": {wire.Hello{Name: "alice", Certificate: certificate}, wire.RefusedNotMember},
	} {
		if code, err := stranger.refusal(c.hello); code != c.want {
			t.Errorf("a stranger with %s: %v, %v; want %v", name, code, err, c.want)
		}
	}
	welcome := f.back(alice).login(wire.Hello{Name: "alice", Certificate: certificate})
	if welcome.Name != "alice" || string(welcome.Certificate) != string(certificate) {
		t.Errorf("welcomed as %q with another certificate", welcome.Name)
	}
	if code, err := stranger.refusal(wire.Hello{Name: "alice", Token: token(t, f.Server, 1)}); code != wire.RefusedNameTaken {
		t.Errorf("a stranger with a new invite asks for the name: %v, %v", code, err)
	}
	again := f.back(alice).login(wire.Hello{})
	if again.Name != "alice" {
		t.Errorf("without its certificate, later, welcomed as %q", again.Name)
	}
}

func TestNameGoesBackToTheMemberThatHadIt(t *testing.T) {
	f := startForgetful(t)
	alice, certificate := f.join("alice")
	f.loseState()
	usurper, second := f.join("Alice")
	witness, _ := f.join("witness")

	returned := f.back(alice)
	if welcome := returned.login(wire.Hello{Name: "alice", Certificate: certificate}); welcome.Name != "alice" {
		t.Errorf("welcomed as %q", welcome.Name)
	} else {
		certificate = welcome.Certificate
	}
	await[wire.Goodbye](usurper)
	usurper.awaitEnd()
	witness.awaitRow(alice.key(), func(row wire.Row) bool { return row.Online && row.Name == "alice" })
	for _, hello := range []wire.Hello{{Name: "alice"}, {Name: "alice", Certificate: second}} {
		if code, err := usurper.refusal(hello); code != wire.RefusedNameTaken {
			t.Errorf("who had the name meanwhile asks for it: %v, %v", code, err)
		}
	}
	if code, err := usurper.refusal(wire.Hello{}); code != wire.RefusedNameInvalid {
		t.Errorf("who had the name meanwhile asks for none: %v, %v", code, err)
	}
	if welcome := usurper.login(wire.Hello{Name: "mallory"}); welcome.Name != "mallory" {
		t.Errorf("welcomed as %q, want the name chosen instead", welcome.Name)
	}

	f.loseState() // and whoever comes first, the name is alice's
	if code, _ := f.back(usurper).refusal(wire.Hello{Certificate: second}); code != 0 {
		t.Errorf("a member with its certificate is refused: %v", code)
	}
	if welcome := f.back(alice).login(wire.Hello{Certificate: certificate}); welcome.Name != "alice" {
		t.Errorf("after a second loss alice is %q", welcome.Name)
	}
}

// Of a login between the decision about it and its place among those online, an eviction
// must not make two members with one name.
func TestNameGoesBackFromWhoIsJustLoggingIn(t *testing.T) {
	f := startForgetful(t)
	alice, certificate := f.join("alice")
	f.loseState()
	usurper, returned := newClient(t, f.Server), f.back(alice)
	invite := token(t, f.Server, 1)
	isMember := func(c *client) bool {
		_, found, _ := f.state.member(c.key())
		return found
	}
	f.quotas.mu.Lock() // holds up who has just become a member
	if err := usurper.hello(wire.Hello{Name: "alice", Token: invite}); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the usurper has the name", func() bool { return isMember(usurper) })
	if err := returned.hello(wire.Hello{Name: "alice", Certificate: certificate}); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); !isMember(alice) && time.Since(begun) < 100*time.Millisecond; time.Sleep(time.Millisecond) {
		continue // it should not overtake
	}
	f.quotas.mu.Unlock()

	if welcome := await[wire.Welcome](returned); welcome.Name != "alice" {
		t.Errorf("welcomed as %q", welcome.Name)
	}
	await[wire.Goodbye](usurper)
	usurper.awaitEnd()
	for _, row := range f.hub.presence() {
		if row.Key != alice.key() {
			t.Errorf("the roster has %q too, key %v", row.Name, row.Key)
		}
	}
}

func TestACertificateShownTwiceAtOnceCostsNoName(t *testing.T) {
	s := startServer(t)
	key, bound := wire.Key{1}, time.Unix(1_800_000_000, 0)
	for range 2 {
		if evicted, err := s.state.restore(key, "alice", bound); evicted != nil || err != nil {
			t.Fatalf("evicted %v, %v", evicted, err)
		}
	}
	if m, _, err := s.state.member(key); m.Name != "alice" || err != nil {
		t.Errorf("the name is %q (%v)", m.Name, err)
	}
}

// TestOldCertificateTakesNoName proves that a name that its owner has given up is
// not taken from who has it now, whoever comes back first.
func TestOldCertificateTakesNoName(t *testing.T) {
	for _, first := range []string{"old owner", "new owner"} {
		t.Run(first, func(t *testing.T) {
			f := startForgetful(t)
			alice, old := f.join("alice")
			alice.login(wire.Hello{Name: "alicia"})
			other, current := f.join("alice")
			f.loseState()
			claims := []func(){
				func() { f.back(alice).refusal(wire.Hello{Certificate: old}) },
				func() { f.back(other).refusal(wire.Hello{Certificate: current}) },
			}
			if first == "new owner" {
				claims[0], claims[1] = claims[1], claims[0]
			}
			for _, claim := range claims {
				claim()
			}
			if welcome := f.back(other).login(wire.Hello{}); welcome.Name != "alice" {
				t.Errorf("the new owner is %q", welcome.Name)
			}
			if welcome := f.back(alice).login(wire.Hello{Name: "alicia"}); welcome.Name != "alicia" {
				t.Errorf("the old owner is %q", welcome.Name)
			}
		})
	}
}

func TestForeignCertificatesAdmitNobody(t *testing.T) {
	elsewhere := startForgetful(t)
	alice, foreign := elsewhere.join("alice")
	f := startForgetful(t)
	if code, err := f.back(alice).refusal(wire.Hello{Name: "alice", Certificate: foreign}); code != wire.RefusedNotMember {
		t.Errorf("a certificate of another rendezvous: %v, %v", code, err)
	}
	member, own := f.join("bob")
	f.loseState()
	changed := append([]byte(nil), own...)
	changed[len(changed)-1] ^= 1
	for name, certificate := range map[string][]byte{"changed": changed, "cut": own[:40], "rubbish": []byte("let me in")} {
		if code, err := f.back(member).refusal(wire.Hello{Name: "bob", Certificate: certificate}); code != wire.RefusedNotMember {
			t.Errorf("%s: %v, %v", name, code, err)
		}
	}
}

func TestWhoHasTheBetterRightToAName(t *testing.T) {
	lost := origin{At: time.Unix(1_800_000_000, 0), Lost: true}
	before, after := lost.At.Add(-time.Hour), lost.At.Add(time.Hour)
	for name, c := range map[string]struct {
		had, bound time.Time
		yields     bool
	}{
		"taken since the loss":                      {after, before, true},
		"taken at the very loss":                    {lost.At, before, true},
		"both from before, the other later":         {before, before.Add(1), true},
		"both from before, the holder later":        {before, before.Add(-1), false},
		"both from before, at the same instant":     {before, before, false},
		"the clock was years ahead before the loss": {after, after.Add(1e6 * time.Hour), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lost.yields(c.had, c.bound); got != c.yields {
				t.Errorf("the holder yields: %v, want %v", got, c.yields)
			}
		})
	}
}

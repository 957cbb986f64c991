package peer

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"peerd/internal/portmap"
	"peerd/peer/api"
	"peerd/punch/socket"
	"peerd/wire"
)

// joinWith starts a daemon with a policy of its own and waits until it is logged in.
func (c *circle) joinWith(t *testing.T, policy api.Introduce, name string) *Daemon {
	t.Helper()
	d, err := startWith(t, t.TempDir(), c.invite, func(config *Config) { config.Name, config.Introduce = name, policy })
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AwaitOnline(c.guard()); err != nil {
		t.Fatal(err)
	}
	return d
}

func setIntroduce(t *testing.T, d *Daemon, policy api.Introduce) {
	t.Helper()
	if _, err := d.SetIntroduce(t.Context(), api.IntroduceRequest{Introduce: policy}); err != nil {
		t.Fatal(err)
	}
}

// shown returns what the last introduction has told a daemon of a peer's endpoints.
func shown(d *Daemon, peer *Daemon) []wire.Candidate {
	c := d.conversation(peer.Key())
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.introduction.Candidates
}

// probes has a daemon look for a peer at its endpoint, however it has learned of that,
// and returns what came back until it gave up.
func (c *circle) probes(d, peer *Daemon) (sent, back int) {
	c.t.Helper()
	s := d.conversation(peer.Key()).currentSession()
	s.punch.Introduce(socket.Introduction{
		Candidates: []wire.Candidate{{Endpoint: peer.socket.Addr(), Kind: wire.CandidateLocal}},
	})
	c.await("the volley is over", func() bool {
		sent, back = 0, 0
		for _, attempt := range s.punch.Search().Attempts {
			sent += attempt.Probes
			back += attempt.Heard + attempt.Replies
		}
		return sent > 4 || back > 0
	})
	return sent, back
}

func reasonOf(t *testing.T, d *Daemon, peer string) (api.Reason, api.Remedy) {
	t.Helper()
	why, err := d.Why(t.Context(), peer)
	if err != nil {
		t.Fatal(err)
	}
	return why.Reason, why.Remedy
}

// TestT11StrangerLearnsNothingUntilWeAnswer has mallory write to alice, who shows
// herself to whom she has chosen: he gets her receipts, by the relay, and no answer at
// an endpoint of hers that he has from elsewhere. Then she answers him.
func TestT11StrangerLearnsNothingUntilWeAnswer(t *testing.T) {
	c := newCircle(t)
	alice, mallory := c.joinWith(t, api.IntroduceContacts, "alice"), c.join("mallory")
	c.knows(mallory, "alice")
	c.send(mallory, "alice", "where are you?")
	c.send(mallory, "alice", "come on")
	if got := shown(mallory, alice); len(got) > 0 {
		t.Errorf("mallory is shown %v", got)
	}
	if sent, back := c.probes(mallory, alice); back > 0 {
		t.Errorf("mallory sent alice %d probes and got %d packets", sent, back)
	}
	c.connection(alice, mallory)
	if got := alice.wayTo(mallory.Key()).path; got != api.PathRelay {
		t.Errorf("alice's path is %s", got)
	}
	if reason, remedy := reasonOf(t, alice, "mallory"); reason != api.ReasonOurPolicy || remedy != api.RemedyAddContact {
		t.Errorf("alice is told %s, %s", reason, remedy)
	}
	c.await("mallory sees that it is alice's decision", func() bool {
		reason, _ := reasonOf(t, mallory, "alice")
		return reason == api.ReasonTheirPolicy
	})

	c.send(alice, "mallory", "here I am")
	c.awaitPath(alice, "mallory", api.PathDirect)
	c.awaitPath(mallory, "alice", api.PathDirect)
	if len(shown(mallory, alice)) == 0 || len(shown(alice, mallory)) == 0 {
		t.Error("there is a direct path without an introduction that shows anybody")
	}
}

// TestT11TwoWhoWithholdMeet has two show themselves to whom they have chosen only, and
// choose each other.
func TestT11TwoWhoWithholdMeet(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.joinWith(t, api.IntroduceContacts, "alice"), c.joinWith(t, api.IntroduceContacts, "bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	if got := shown(bob, alice); len(got) > 0 {
		t.Errorf("bob is shown %v, of which he can make no use", got)
	}
	c.send(bob, "alice", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	c.awaitPath(bob, "alice", api.PathDirect)
}

// TestT11RelayOnlyStaysOnTheRelay has alice let nobody learn where she is, from her
// first login on, then everybody, then nobody again; all the time messages arrive.
func TestT11RelayOnlyStaysOnTheRelay(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.joinWith(t, api.IntroduceRelayOnly, "alice"), c.join("bob")
	c.knows(alice, "bob")
	for _, candidate := range first(alice.whereabouts()) {
		if candidate.Kind != wire.CandidateObserved {
			t.Errorf("the rendezvous is told of %v", candidate)
		}
	}
	c.send(alice, "bob", "one")
	c.send(bob, "alice", "two")
	if len(shown(alice, bob)) > 0 || len(shown(bob, alice)) > 0 {
		t.Errorf("alice is shown %v, bob %v", shown(alice, bob), shown(bob, alice))
	}
	if sent, back := c.probes(bob, alice); back > 0 {
		t.Errorf("bob sent %d probes and got %d packets", sent, back)
	}
	if reason, remedy := reasonOf(t, alice, "bob"); reason != api.ReasonOurPolicy || remedy != api.RemedyIntroduce {
		t.Errorf("alice is told %s, %s", reason, remedy)
	}

	setIntroduce(t, alice, api.IntroduceCircle)
	c.awaitPath(alice, "bob", api.PathDirect)
	c.awaitPath(bob, "alice", api.PathDirect)
	c.send(bob, "alice", "three")

	setIntroduce(t, alice, api.IntroduceRelayOnly)
	if path := alice.wayTo(bob.Key()).path; path == api.PathDirect {
		t.Error("alice goes on using the direct path")
	}
	c.send(alice, "bob", "four")
	c.send(bob, "alice", "five")
	c.awaitPath(bob, "alice", api.PathRelay)
	if got := texts(t, alice, "bob"); !slices.Equal(got, []string{"two", "three", "five"}) {
		t.Errorf("alice has %q", got)
	}
}

func first(candidates []wire.Candidate, _ wire.NATReport) []wire.Candidate { return candidates }

// TestT11BlockedPeerIsShownNothing has alice, who shows herself to every member, block
// one that she has met before: that one asks in vain, others do not notice.
func TestT11BlockedPeerIsShownNothing(t *testing.T) {
	c := newCircle(t)
	alice, mallory, bob := c.join("alice"), c.join("mallory"), c.join("bob")
	c.knows(mallory, "alice")
	c.knows(bob, "alice")
	c.send(mallory, "alice", "hello")
	c.awaitPath(mallory, "alice", api.PathDirect)
	if len(shown(mallory, alice)) == 0 {
		t.Fatal("mallory was never shown alice, so this test proves nothing")
	}
	block(t, alice, "mallory", true)
	c.heard(alice)
	before := introducedAt(mallory, alice)
	sent, err := mallory.Send(t.Context(), api.SendRequest{To: "alice", Text: "where are you now?"})
	if err != nil {
		t.Fatal(err)
	}
	c.awaitState(mallory, sent.ID, api.StateSent)
	c.await("mallory is introduced again", func() bool { return introducedAt(mallory, alice).After(before) })
	if got := shown(mallory, alice); len(got) > 0 {
		t.Errorf("mallory, blocked, is shown %v", got)
	}
	if reason, remedy := reasonOf(t, alice, "mallory"); reason != api.ReasonOurPolicy || remedy != api.RemedyUnblock {
		t.Errorf("alice is told %s, %s", reason, remedy)
	}
	c.send(bob, "alice", "and me?")
	c.awaitPath(bob, "alice", api.PathDirect)
	c.awaitPath(alice, "bob", api.PathDirect)
	block(t, alice, "mallory", false)
	c.send(alice, "mallory", "I had enough of you")
	c.awaitPath(mallory, "alice", api.PathDirect)
}

// heard waits until the rendezvous has heard all that a daemon has said to it: an answer
// to what the daemon says last has come.
func (c *circle) heard(d *Daemon) {
	c.t.Helper()
	nobody := d.conversation(wire.Key{0: 0xfe, 31: 1})
	nobody.talk()
	c.await("the rendezvous refuses a talk with nobody", func() bool {
		nobody.mu.Lock()
		defer nobody.mu.Unlock()
		return nobody.refused != 0
	})
}

func introducedAt(d, peer *Daemon) time.Time {
	c := d.conversation(peer.Key())
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.introducedAt
}

// TestT11OnlyTheUserChooses proves that nothing a stranger does makes it one of those
// who may learn where we are, and that whatever the user does with it does.
func TestT11OnlyTheUserChooses(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.joinWith(t, api.IntroduceContacts, "alice"), c.join("bob")
	c.knows(bob, "alice")
	c.knows(alice, "bob")
	step := func(what string, wanted bool, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := alice.mayLearn(bob.Key()); got != wanted {
			t.Errorf("%s: bob may learn where alice is: %v, want %v", what, got, wanted)
		}
	}
	c.send(bob, "alice", "hello")
	step("bob writes", false, nil)
	_, err := bob.CreateGroup(t.Context(), api.GroupRequest{Name: "us", Members: []string{"alice"}})
	if err != nil {
		t.Fatal(err)
	}
	c.await("alice is in the group", func() bool {
		groups, err := alice.Groups(t.Context())
		return err == nil && len(groups) == 1
	})
	_, err = alice.Send(t.Context(), api.SendRequest{To: "@us", Text: "hello, all"})
	step("alice writes to a group that bob has put her in", false, err)
	_, err = alice.Ping(c.guard(), "bob")
	step("alice pings him", false, err)
	_, err = alice.SetReadReceipts(t.Context(), api.ReadReceiptsRequest{Name: "bob", Receipts: api.ReceiptsOff})
	step("alice tells him nothing of what she reads", false, err)
	_, err = alice.Verify(t.Context(), api.VerifyRequest{Name: "bob"})
	step("alice looks at his safety code", false, err)

	forget := func() {
		t.Helper()
		_, err := alice.ForgetContact(t.Context(), api.ForgetRequest{Name: "bob", Force: true})
		step("alice forgets him", false, err)
	}
	_, err = alice.AddContact(t.Context(), api.AddRequest{Peer: "bob"})
	step("alice adds him", true, err)
	c.awaitPath(alice, "bob", api.PathDirect)
	forget()
	if got := alice.wayTo(bob.Key()).path; got == api.PathDirect {
		t.Error("the direct path outlives the contact")
	}
	_, err = alice.Verify(t.Context(), api.VerifyRequest{Name: "bob", Confirm: true})
	step("alice verifies him", true, err)
	forget()
	c.send(alice, "bob", "hello")
	step("alice writes to him", true, nil)
	forget()
	_, err = alice.CreateGroup(t.Context(), api.GroupRequest{Name: "two", Members: []string{"bob"}})
	step("alice puts him into a group", true, err)
	forget()
	c.send(bob, "alice", "and now?")
	_, err = alice.RenameContact(t.Context(), api.RenameRequest{Name: "bob", NewName: "dad"})
	step("alice gives him a name", true, err)
	block(t, alice, "dad", true)
	step("alice blocks him", false, nil)
}

// TestT11PolicyIsKept has alice start with a policy, and without saying it again.
func TestT11PolicyIsKept(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	start := func(policy api.Introduce) (*Daemon, error) {
		return startWith(t, dir, c.invite, func(config *Config) { config.Name, config.Introduce = "alice", policy })
	}
	for _, step := range []struct{ said, want api.Introduce }{
		{"", api.IntroduceCircle}, {api.IntroduceContacts, api.IntroduceContacts}, {"", api.IntroduceContacts},
	} {
		d, err := start(step.said)
		if err != nil {
			t.Fatal(err)
		}
		status, err := d.Status(t.Context())
		if err != nil || status.Introduce != step.want {
			t.Errorf("told %q it has %q, %v; want %q", step.said, status.Introduce, err, step.want)
		}
		if step.want == api.IntroduceContacts {
			setIntroduce(t, d, api.IntroduceContacts)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestT11ClassicUsersAndSecrecyExcludeEachOther proves that nobody believes to be hidden
// while a server lists where they are.
func TestT11ClassicUsersAndSecrecyExcludeEachOther(t *testing.T) {
	c := newCircle(t)
	_, err := startWith(t, t.TempDir(), c.invite, func(config *Config) {
		config.Classic, config.Introduce = true, api.IntroduceContacts
	})
	wantCode(t, err, api.CodeUsage)
	d, err := startWith(t, t.TempDir(), c.invite, func(config *Config) { config.Name, config.Classic = "alice", true })
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.SetIntroduce(t.Context(), api.IntroduceRequest{Introduce: api.IntroduceRelayOnly})
	wantCode(t, err, api.CodeUsage)
}

// TestT11OldRendezvousIsLeft proves that a rendezvous that would show our endpoints to
// everybody is not logged in to under a policy that forbids it, and that the user is
// told; and that to have blocked somebody is no reason to be offline.
func TestT11OldRendezvousIsLeft(t *testing.T) {
	r := startScripted(t, func(_ wire.Key, hello wire.Hello) []byte {
		var m wire.Message = wire.Welcome{Version: 1, Circle: "home", Name: "alice", Observed: netip.MustParseAddrPort("192.0.2.1:1")}
		if hello.Version != 1 {
			m = wire.Refused{Code: wire.RefusedVersion, Detail: "want version 1"} // as releases of before do
		}
		frame, err := wire.AppendFrame(nil, m)
		if err != nil {
			t.Error(err)
		}
		return frame
	})
	d, err := startWith(t, t.TempDir(), r.invite, func(c *Config) { c.Name, c.Introduce = "alice", api.IntroduceRelayOnly })
	if err != nil {
		t.Fatal(err)
	}
	err = d.AwaitOnline(t.Context())
	if err == nil || !strings.Contains(err.Error(), "too old to keep from other members where you are") {
		t.Errorf("the user is told %v", err)
	}
	if hello := <-r.hellos; !hello.Withhold || slices.ContainsFunc(hello.Candidates, func(c wire.Candidate) bool { return c.Kind == wire.CandidateLocal }) {
		t.Errorf("it was told %+v", hello)
	}
	setIntroduce(t, d, api.IntroduceCircle)
	if _, err := d.BlockContact(t.Context(), api.BlockRequest{Name: wire.Key{9}.String(), Blocked: true}); err != nil {
		t.Fatal(err)
	}
	guard, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	for online := false; !online; {
		var changed <-chan struct{}
		if online, changed, _ = d.online.state(); online {
			break
		}
		select {
		case <-changed:
		case <-guard.Done():
			t.Fatal("alice is not logged in, though every member may learn where she is")
		}
	}
}

// TestT11RelayOnlyOpensNoPort proves that the router forwards our port only while
// somebody may learn of it.
func TestT11RelayOnlyOpensNoPort(t *testing.T) {
	c := newCircle(t)
	began, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	d, err := startWith(t, t.TempDir(), c.invite, func(config *Config) {
		config.Name, config.Listen, config.Introduce = "alice", "0.0.0.0:0", api.IntroduceRelayOnly
		config.PortMapper = func(ctx context.Context, _ portmap.Config, report func(portmap.Mapping)) error {
			report(mapping("198.51.100.1:40000", portmap.PCP))
			began <- struct{}{}
			<-ctx.Done()
			ended <- struct{}{}
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AwaitOnline(c.guard()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-began:
		t.Fatal("the router is asked though nobody may learn of the port")
	default:
	}
	setIntroduce(t, d, api.IntroduceContacts)
	<-began
	if got := mappedTo(d); len(got) != 1 {
		t.Errorf("candidates %v, want the mapped one", got)
	}
	setIntroduce(t, d, api.IntroduceRelayOnly)
	<-ended
	if got := mappedTo(d); len(got) != 0 {
		t.Errorf("candidates %v though nobody may learn of them", got)
	}
	setIntroduce(t, d, api.IntroduceCircle)
	<-began
}

// TestTheKeyThatIsTrustedNoMoreIsConfined has alice, who shows herself to whom she has
// chosen, trust another key of bob's while she has a direct path to the first.
func TestTheKeyThatIsTrustedNoMoreIsConfined(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.joinWith(t, api.IntroduceContacts, "alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	c.moveName(alice, bob.Key(), wire.Key{9})
	if _, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob"}); err != nil {
		t.Fatal(err)
	}
	for _, s := range alice.allSessions() {
		if s.punch.Path().IsDirect() {
			t.Error("the direct path to the key outlives the trust in it")
		}
	}
}

// TestOfTwoPoliciesAtOnceOneIsKept looks whether the next start will have the policy that
// is in force.
func TestOfTwoPoliciesAtOnceOneIsKept(t *testing.T) {
	c := newCircle(t)
	alice := c.joinWith(t, api.IntroduceContacts, "alice")
	for range 50 {
		var both sync.WaitGroup
		for _, policy := range []api.Introduce{api.IntroduceContacts, api.IntroduceRelayOnly} {
			both.Go(func() {
				if _, err := alice.SetIntroduce(t.Context(), api.IntroduceRequest{Introduce: policy}); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		saved, _, err := alice.store.Setting(t.Context(), introduceSetting)
		if now := alice.introduces(); err != nil || saved != string(now) {
			t.Fatalf("%q is written down (%v), %q is in force", saved, err, now)
		}
	}
}

// TestPolicyThatChangesDuringTheLoginIsAskedForAnew has a rendezvous welcome alice which
// was not asked whether it can withhold.
func TestPolicyThatChangesDuringTheLoginIsAskedForAnew(t *testing.T) {
	c := newCircle(t)
	alice := c.joinWith(t, api.IntroduceContacts, "alice")
	connection := alice.currentControl()
	welcome := wire.Welcome{Name: "alice", Circle: c.invite.Circle}
	if err := alice.welcomed(connection, wire.Hello{}, welcome); !errors.Is(err, errPolicyChanged) {
		t.Errorf("a login that does not ask for it: %v", err)
	}
	if err := alice.welcomed(connection, wire.Hello{Requires: []wire.Feature{wire.FeatureWithhold}}, welcome); err != nil {
		t.Errorf("one that does: %v", err)
	}
}

// TestWhereWeAreIsLookedUpAsItIsSaid holds up the answer to where alice is: what is said
// later has to wait, or the older answer would be the last word.
func TestWhereWeAreIsLookedUpAsItIsSaid(t *testing.T) {
	c := newCircle(t)
	alice := c.join("alice")
	for what, say := range map[string]func(){
		"our endpoints": alice.sendEndpoints,
		"a talk":        alice.conversation(wire.Key{1}).talk,
	} {
		t.Run(what, func(t *testing.T) {
			var saying sync.WaitGroup
			defer saying.Wait()
			alice.mu.Lock()
			defer alice.mu.Unlock()
			saying.Go(say)
			c.await("others have to wait", func() bool {
				free := alice.consenting.TryLock()
				if free {
					alice.consenting.Unlock()
				}
				return !free
			})
		})
	}
}

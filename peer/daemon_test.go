package peer

import (
	"errors"
	"slices"
	"testing"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

func TestMessagesGoDirectlyOnceThereIsAPath(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	c.awaitPath(bob, "alice", api.PathDirect)
	if sent := c.send(alice, "bob", "direct"); sent.Path != api.PathDirect {
		t.Errorf("second message took the path %s, want direct", sent.Path)
	}
	c.send(bob, "alice", "back")
	if got, want := texts(t, bob, "alice"), []string{"hello", "direct"}; !slices.Equal(got, want) {
		t.Errorf("bob has %q, want %q", got, want)
	}
}

func TestBothTalkAtTheSameMoment(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	fromAlice, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "a"})
	if err != nil {
		t.Fatal(err)
	}
	fromBob, err := bob.Send(t.Context(), api.SendRequest{To: "alice", Text: "b"})
	if err != nil {
		t.Fatal(err)
	}
	c.awaitState(alice, fromAlice.ID, api.StateDelivered)
	c.awaitState(bob, fromBob.ID, api.StateDelivered)
	c.awaitPath(alice, "bob", api.PathDirect)
	if a, b := len(alice.allSessions()), len(bob.allSessions()); a != 1 || b != 1 {
		t.Errorf("alice has %d sessions, bob %d, want one each", a, b)
	}
}

func TestManyMessagesArriveOnceAndInOrder(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	var want []string
	var last api.Sent
	for i := range 300 {
		text := string(rune('一' + i))
		sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		want, last = append(want, text), sent
	}
	c.awaitState(alice, last.ID, api.StateDelivered)
	if got := texts(t, bob, "alice"); !slices.Equal(got, want) {
		t.Errorf("bob has %d messages, want %d in the order they were sent", len(got), len(want))
	}
}

func TestRepeatedRequestSendsOneMessage(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	first := c.send(alice, "bob", "once")
	again, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "once", ID: first.ID})
	if err != nil || again.ID != first.ID {
		t.Fatalf("second request: %+v, %v", again, err)
	}
	c.send(alice, "bob", "then")
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"once", "then"}) {
		t.Errorf("bob has %q", got)
	}
}

func TestMessageToSomebodyAwayIsDeliveredWhenTheyComeBack(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.startAt("bob", dir)
	c.knows(alice, "bob")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "later"})
	if err != nil || sent.State != api.StateQueued {
		t.Fatalf("send: %+v, %v, want queued", sent, err)
	}
	back := c.joinAt("bob", dir)
	c.awaitState(alice, sent.ID, api.StateDelivered)
	if got := texts(t, back, "alice"); !slices.Equal(got, []string{"later"}) {
		t.Errorf("bob has %q", got)
	}
}

func TestPeerThatRestartsIsAnotherInstance(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.startAt("bob", dir)
	c.knows(alice, "bob")
	c.send(alice, "bob", "one")
	c.awaitPath(alice, "bob", api.PathDirect)
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	back := c.joinAt("bob", dir)
	c.send(alice, "bob", "two")
	c.send(back, "alice", "three")
	if got := texts(t, back, "alice"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("bob has %q", got)
	}
}

func TestConversationGoesOnWithoutTheRendezvous(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "one")
	c.awaitPath(alice, "bob", api.PathDirect)
	c.awaitPath(bob, "alice", api.PathDirect)
	c.stop()
	c.send(alice, "bob", "two")
	c.send(bob, "alice", "three")
	c.start()
	for _, d := range []*Daemon{alice, bob} {
		c.await("both are logged in again", func() bool {
			status, _ := d.Status(t.Context())
			return status.Rendezvous.State == api.RendezvousOnline
		})
	}
	c.send(alice, "bob", "four")
	carol := c.join("carol")
	c.knows(carol, "alice")
	c.send(carol, "alice", "five")
}

// TestPresenceIsAnnouncedAgainAfterAnOutage proves that who waits for a peer
// hears of it although the roster has not changed: both were away and are back.
func TestPresenceIsAnnouncedAgainAfterAnOutage(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.stop()
	events := map[string]<-chan api.Event{
		"bob":   alice.Subscribe(c.guard(), api.TypePresence),
		"alice": bob.Subscribe(c.guard(), api.TypePresence),
	}
	c.start()
	for name, seen := range events {
		if !announces(seen, name) {
			t.Errorf("%s was not announced as online again", name)
		}
	}
}

// announces reads events until one says that a peer is online; false when they
// end before.
func announces(events <-chan api.Event, name string) bool {
	for event := range events {
		if presence := event.(api.Presence); presence.Name == name && presence.Online {
			return true
		}
	}
	return false
}

func TestReadReceiptTellsTheSenderUnlessTheUserDeclines(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	silent := c.send(alice, "bob", "read in silence")
	if err := bob.MarkRead(t.Context(), api.ReadMark{UpTo: silent.ID}); err != nil {
		t.Fatal(err)
	}
	told := c.send(alice, "bob", "read and told")
	if err := bob.MarkRead(t.Context(), api.ReadMark{UpTo: told.ID, Receipt: true}); err != nil {
		t.Fatal(err)
	}
	c.awaitState(alice, told.ID, api.StateRead)
}

func TestPresenceAndMessagesAreAnnounced(t *testing.T) {
	c := newCircle(t)
	alice := c.join("alice")
	events := alice.Subscribe(c.guard(), api.TypePresence, api.TypeMessage)
	bob := c.join("bob")
	login, ok := (<-events).(api.Presence)
	if !ok || login.Name != "bob" || !login.Online {
		t.Fatalf("first event is %+v, want bob's login", login)
	}
	c.knows(bob, "alice")
	c.send(bob, "alice", "hello")
	message, ok := (<-events).(api.Message)
	if !ok || message.From != "bob" || message.Text != "hello" || message.To != "alice" {
		t.Fatalf("second event is %+v, want bob's message", message)
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	logout, ok := (<-events).(api.Presence)
	if !ok || logout.Name != "bob" || logout.Online {
		t.Fatalf("third event is %+v, want bob's logout", logout)
	}
}

func TestPingMeasuresTheSession(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	ping, err := alice.Ping(c.guard(), "bob")
	if err != nil || ping.RTT <= 0 || ping.Peer != "bob" {
		t.Fatalf("ping: %+v, %v", ping, err)
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	c.await("bob is offline", func() bool {
		row, err := alice.Connect(t.Context(), "bob")
		return err == nil && !row.Online
	})
	_, err = alice.Ping(c.guard(), "bob")
	wantCode(t, err, api.CodeNotReached)
}

func TestWhoCannotBeSentTo(t *testing.T) {
	c := newCircle(t)
	alice := c.join("alice")
	for name, want := range map[string]api.Code{
		"nobody":             api.CodeNoSuchPeer,
		"not a name;":        api.CodeNoSuchPeer,
		"alice":              api.CodeUsage,
		alice.Key().String(): api.CodeUsage,
		wire.Key{1}.String(): api.CodeNoSuchPeer,
	} {
		_, err := alice.Send(t.Context(), api.SendRequest{To: name, Text: "hello"})
		wantCode(t, err, want)
	}
	for _, text := range []string{"", "\xff", string(make([]byte, wire.MaxText+1))} {
		_, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: text})
		wantCode(t, err, api.CodeUsage)
	}
}

func TestNameThatMovedToAnotherKeyIsRefused(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	c.moveName(alice, bob.Key(), wire.Key{9})
	_, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "secret"})
	wantCode(t, err, api.CodeKeyChanged)
}

func TestNameTakenByAnotherKeyIsRefusedAtLogin(t *testing.T) {
	c := newCircle(t)
	c.join("alice")
	second := c.startAt("alice", t.TempDir())
	err := second.AwaitOnline(c.guard())
	refused, ok := errors.AsType[wire.Refused](err)
	if !ok || refused.Code != wire.RefusedNameTaken {
		t.Errorf("login ended with %v, want name taken", err)
	}
	if _, ok, _ := second.store.Setting(t.Context(), membershipSetting); ok {
		t.Error("a membership was written down that was refused")
	}
}

func TestSecondDaemonOnOneStateDirectoryIsRefused(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	c.startAt("alice", dir)
	_, err := Start(Config{StateDir: dir, Listen: "127.0.0.1:0", Invite: &c.invite})
	if _, ok := errors.AsType[*store.InUseError](err); !ok {
		t.Errorf("second daemon started with %v, want the directory to be in use", err)
	}
}

func TestWithoutACircleThereIsNothingToLogInTo(t *testing.T) {
	_, err := Start(Config{StateDir: t.TempDir(), Listen: "127.0.0.1:0"})
	if !errors.Is(err, ErrNoCircle) {
		t.Errorf("started with %v, want ErrNoCircle", err)
	}
}

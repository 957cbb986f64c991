package peer

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"peerd/peer/api"
	"peerd/wire"
)

// impersonate has somebody else take the name of bob, whom alice knows. Bob himself is
// away. Everything passes through a rendezvous that knows no better.
func (c *circle) impersonate(alice, bob *Daemon, bobDir string) (impostor *Daemon) {
	c.t.Helper()
	if err := bob.Close(); err != nil {
		c.t.Fatal(err)
	}
	robert := c.joinAt("robert", bobDir) // which frees his name
	if err := robert.Close(); err != nil {
		c.t.Fatal(err)
	}
	impostor = c.join("bob")
	c.await("alice lists the impostor", func() bool {
		row, _ := alice.rosterRow(impostor.Key())
		return row.Name == "bob" && row.Online
	})
	return impostor
}

// expectUntouched fails if anything of alice's is on its way to a key, or was.
func (c *circle) expectUntouched(alice, impostor *Daemon) {
	c.t.Helper()
	conversation := alice.conversation(impostor.Key())
	conversation.want(true)
	conversation.advance()
	conversation.deliver()
	conversation.mu.Lock()
	talked, session := !conversation.talkedAt.IsZero(), conversation.session
	conversation.mu.Unlock()
	if talked || session != nil {
		c.t.Errorf("alice has asked to be introduced (%t) or has a session (%t)", talked, session != nil)
	}
	if alice.isSessionPeer(impostor.Key()) {
		c.t.Error("alice would shake hands with the new key")
	}
	impostors := impostor.conversation(alice.Key())
	impostors.mu.Lock()
	session = impostors.session
	impostors.mu.Unlock()
	if session != nil && session.connected() {
		c.t.Error("the impostor is connected with alice")
	}
	if session == nil {
		return
	}
	for _, attempt := range session.punch.Search().Attempts {
		if attempt.Heard > 0 || attempt.Replies > 0 {
			c.t.Errorf("the impostor has heard of alice: %+v", attempt)
		}
	}
}

// TestT07ChangedKeyGetsNoByte tries every command that sends something, and all that
// waits already, while bob's name comes with another key.
func TestT07ChangedKeyGetsNoByte(t *testing.T) {
	c := newCircle(t)
	alice, carol := c.join("alice"), c.join("carol")
	bobDir := t.TempDir()
	bob := c.joinAt("bob", bobDir)
	c.knows(alice, "bob")
	c.group(alice, "friends", bob, carol)
	said := c.send(alice, "bob", "hello")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "for bob")
	if err := os.WriteFile(file, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	// These wait when the key changes.
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "queued for bob"}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Edit(t.Context(), api.EditRequest{ID: said.ID, Text: "edited for bob"}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.OfferFile(t.Context(), api.FileOffer{To: "bob", Path: file}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "@friends", Text: "queued for the group"}); err != nil {
		t.Fatal(err)
	}
	impostor := c.impersonate(alice, bob, bobDir)

	for _, ref := range []string{"bob", impostor.Key().String()} {
		_, err := alice.Send(t.Context(), api.SendRequest{To: ref, Text: "secret"})
		wantCode(t, err, api.CodeKeyChanged)
		_, err = alice.OfferFile(t.Context(), api.FileOffer{To: ref, Path: file})
		wantCode(t, err, api.CodeKeyChanged)
		_, err = alice.Ping(t.Context(), ref)
		wantCode(t, err, api.CodeKeyChanged)
		_, err = alice.CreateGroup(t.Context(), api.GroupRequest{Name: "others", Members: []string{ref}})
		wantCode(t, err, api.CodeKeyChanged)
		_, err = alice.AddToGroup(t.Context(), api.GroupRequest{Name: "@friends", Members: []string{ref}})
		wantCode(t, err, api.CodeKeyChanged)
	}
	c.expectUntouched(alice, impostor)

	// Carol, who never knew bob's key, makes the new one a member of the group.
	c.knows(carol, "bob")
	if _, err := carol.AddToGroup(t.Context(), api.GroupRequest{Name: "@friends", Members: []string{impostor.Key().String()}}); err != nil {
		t.Fatal(err)
	}
	c.awaitMembers(alice, "friends", 4)
	waits, err := alice.Send(t.Context(), api.SendRequest{To: "@friends", Text: "to whom it may concern"})
	if err != nil {
		t.Fatal(err)
	}
	c.expectUntouched(alice, impostor)
	if got := texts(t, impostor, alice.Key().String()); len(got) > 0 {
		t.Errorf("the impostor has %q", got)
	}

	// What waits for the new key, and nothing that was meant for the old one, goes to it
	// once the user trusts it.
	if _, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob", Key: impostor.Key().String()}); err != nil {
		t.Fatal(err)
	}
	c.send(alice, "bob", "for the key I trust")
	c.await("the new member of the group hears", func() bool {
		return slices.Contains(texts(t, impostor, "@friends"), "to whom it may concern")
	})
	if got := texts(t, impostor, alice.Key().String()); !slices.Equal(got, []string{"for the key I trust"}) {
		t.Errorf("the impostor has %q of alice alone", got)
	}
	if got := texts(t, impostor, "@friends"); !slices.Equal(got, []string{"to whom it may concern"}) {
		t.Errorf("the impostor has %q of the group (message %s)", got, waits.ID)
	}
}

// TestT07MessageOfAChangedKeyIsNotShown has the impostor write first.
func TestT07MessageOfAChangedKeyIsNotShown(t *testing.T) {
	c := newCircle(t)
	alice, bobDir := c.join("alice"), t.TempDir()
	bob := c.joinAt("bob", bobDir)
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.send(alice, "bob", "hello")
	c.send(bob, "alice", "the true bob")
	impostor := c.impersonate(alice, bob, bobDir)
	c.knows(impostor, "alice")
	sent, err := impostor.Send(t.Context(), api.SendRequest{To: "alice", Text: "it is me, bob"})
	if err != nil {
		t.Fatal(err)
	}
	// The impostor has it from elsewhere where alice is, and probes her in vain.
	c.await("the impostor has a session", func() bool { return impostor.conversation(alice.Key()).currentSession() != nil })
	if sent, back := c.probes(impostor, alice); back > 0 {
		t.Errorf("the impostor sent alice %d probes and got %d packets", sent, back)
	}
	alice.introduced(wire.Introduction{
		Session:  wire.DeriveSessionID(alice.Key(), alice.instance, impostor.Key(), impostor.instance),
		Peer:     impostor.Key(),
		Instance: impostor.instance,
	})
	c.expectUntouched(alice, impostor)
	rows, err := alice.Read(t.Context(), api.ReadRequest{})
	if err != nil || len(rows) != 1 || rows[0].Text != "the true bob" || rows[0].From != bob.Key().String() && rows[0].From != "bob" {
		t.Errorf("alice reads %+v, %v", rows, err)
	}
	if state := c.state(impostor, sent.ID); state.Reached(api.StateDelivered) {
		t.Errorf("the impostor's message is %s", state)
	}
	peers, err := alice.Peers(t.Context())
	if row, found := api.FindPeer(peers, impostor.Key().String()); err != nil || found != nil || row.Name != impostor.Key().String() {
		t.Errorf("the new key is listed as %+v (%v)", row, found)
	}

	if _, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob"}); err != nil {
		t.Fatal(err)
	}
	c.awaitState(impostor, sent.ID, api.StateDelivered) // it was kept by its sender
	if got := texts(t, alice, "bob"); !slices.Equal(got, []string{"it is me, bob"}) {
		t.Errorf("of bob, whose key is trusted now, alice has %q", got)
	}
}

// TestT07ChangedKeyIsNotShownWhereWeAre has alice, who shows herself to every member,
// find another key under bob's name. That key asks in vain, and others do not notice.
// Then she trusts it.
func TestT07ChangedKeyIsNotShownWhereWeAre(t *testing.T) {
	c := newCircle(t)
	alice, carol, bobDir := c.join("alice"), c.join("carol"), t.TempDir()
	bob := c.joinAt("bob", bobDir)
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.send(alice, "bob", "hello")
	c.awaitPath(bob, "alice", api.PathDirect)
	if len(shown(bob, alice)) == 0 {
		t.Fatal("who has the name was never shown alice, so this test proves nothing")
	}
	impostor := c.impersonate(alice, bob, bobDir)
	c.knows(impostor, "alice")
	sent, err := impostor.Send(t.Context(), api.SendRequest{To: "alice", Text: "where are you?"})
	if err != nil {
		t.Fatal(err)
	}
	// The first introduction may come before alice has heard of the key.
	c.await("the impostor is introduced and shown nothing", func() bool {
		return !introducedAt(impostor, alice).IsZero() && len(shown(impostor, alice)) == 0
	})
	impostor.talkPredicted(alice.Key(), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:4")})
	before := introducedAt(impostor, alice)
	impostor.conversation(alice.Key()).want(true)
	c.await("the impostor is introduced again", func() bool { return introducedAt(impostor, alice).After(before) })
	if got := shown(impostor, alice); len(got) > 0 || alice.mayLearn(impostor.Key()) {
		t.Errorf("the impostor is shown %v", got)
	}
	c.knows(carol, "alice")
	c.send(carol, "alice", "and me?")
	c.awaitPath(carol, "alice", api.PathDirect)
	c.awaitPath(alice, "carol", api.PathDirect)

	if _, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob"}); err != nil {
		t.Fatal(err)
	}
	c.awaitState(impostor, sent.ID, api.StateDelivered)
	c.awaitPath(impostor, "alice", api.PathDirect)
	c.awaitPath(alice, "bob", api.PathDirect)
	if alice.withholds() {
		t.Error("alice goes on asking the rendezvous to be shown to nobody but those that she consents to")
	}
}

// TestT07SuspectsFollowTheRosterAndTheContacts proves that whom we withhold ourselves
// from is known whatever makes a key a suspect, or ends that.
func TestT07SuspectsFollowTheRosterAndTheContacts(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.joinAt("alice", dir), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	step := func(what string, suspects bool) {
		t.Helper()
		if got := alice.withholds(); got != suspects {
			t.Errorf("%s: alice withholds where she is: %t, want %t", what, got, suspects)
		}
	}
	step("at first", false)
	stranger := wire.Row{Key: wire.Key{9}, Name: "bоb"} // looks like him
	c.changeRow(alice, stranger)
	step("a name is listed that looks like a contact's", true)
	c.changeRow(alice, wire.Row{Key: wire.Key{9}, Name: "eve"})
	step("its owner has another name", false)
	c.moveName(alice, bob.Key(), wire.Key{8})
	step("the name has another key", true)
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	c.stop() // what alice knows is from before
	alice = c.startAt("alice", dir)
	step("the daemon starts anew", true)
	trust := func(key wire.Key) {
		t.Helper()
		if _, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob", Key: key.String()}); err != nil {
			t.Fatal(err)
		}
	}
	trust(wire.Key{8})
	step("the user trusts it", false)
	c.changeRow(alice, wire.Row{Key: wire.Key{7}, Name: "bob"}, wire.Key{8})
	step("the key changes again", true)
	if _, err := alice.ForgetContact(t.Context(), api.ForgetRequest{Name: "bob", Force: true}); err != nil {
		t.Fatal(err)
	}
	step("the contact is forgotten", false)
	c.changeRow(alice, stranger)
	step("two strangers", false)
	if _, err := alice.AddContact(t.Context(), api.AddRequest{Peer: "bob"}); err != nil {
		t.Fatal(err)
	}
	step("one of them is a contact", true)
	c.changeRow(alice, wire.Row{Key: wire.Key{5}, Name: "carol"}, stranger.Key)
	step("the other leaves the circle", false)
}

// TestT07SessionEndsWhenItsKeyTakesAContactsName has a member with whom there is a
// session get the name of a contact.
func TestT07SessionEndsWhenItsKeyTakesAContactsName(t *testing.T) {
	c := newCircle(t)
	alice, bob, mallory := c.join("alice"), c.join("bob"), c.join("mallory")
	c.knows(alice, "bob")
	c.knows(alice, "mallory")
	c.send(alice, "bob", "hello")
	if _, err := alice.Ping(c.guard(), "mallory"); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []string{"bob", "bоb"} { // the second looks like it
		row, _ := alice.rosterRow(mallory.Key())
		row.Name = taken
		c.changeRow(alice, row, bob.Key())
		c.await("the session with the name's new key ends", func() bool { return !alice.isSessionPeer(mallory.Key()) })
		if got := alice.nameOf(mallory.Key()); got != mallory.Key().String() {
			t.Errorf("the key that took the name %s is shown as %q", taken, got)
		}
		_, err := alice.Send(t.Context(), api.SendRequest{To: mallory.Key().String(), Text: "secret"})
		wantCode(t, err, api.CodeKeyChanged)
		row.Name = "mallory"
		c.changeRow(alice, row)
		if _, err := alice.Ping(c.guard(), "mallory"); err != nil {
			t.Fatalf("a key that gave the name back is still shunned: %v", err)
		}
	}
}

package peer

import (
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
	// The impostor probes what it was introduced to, in vain.
	c.await("the impostor is introduced and tries", func() bool {
		why, err := impostor.Why(c.guard(), "alice")
		return err == nil && len(why.Attempts) > 0
	})
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

package peer

import (
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/peer/seal"
	"peerd/peer/store"
	"peerd/wire"
)

// These tests play a rendezvous that lies. It may withhold, but nothing it
// makes up is believed.

func TestT08IntroductionToAnotherSessionIsIgnored(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	alice.introduced(wire.Introduction{Session: wire.SessionID{66}, Peer: bob.Key(), Instance: bob.instance})
	if n := len(alice.allSessions()); n != 0 {
		t.Errorf("alice has %d sessions, want none", n)
	}
}

func TestT08IntroductionOfAStrangerIsIgnored(t *testing.T) {
	c := newCircle(t)
	alice := c.join("alice")
	stranger, instance := wire.Key{9}, wire.Instance{9}
	alice.introduced(wire.Introduction{
		Session:  wire.DeriveSessionID(alice.Key(), alice.instance, stranger, instance),
		Peer:     stranger,
		Instance: instance,
	})
	if n := len(alice.allSessions()); n != 0 {
		t.Errorf("alice has %d sessions, want none", n)
	}
}

// TestT24ForgedEnvelopeIsRefused has mallory, a member, seal a message for alice,
// and the rendezvous deliver it as bob's.
func TestT24ForgedEnvelopeIsRefused(t *testing.T) {
	c := newCircle(t)
	alice, bob, mallory := c.join("alice"), c.join("bob"), c.join("mallory")
	c.knows(mallory, "alice")
	c.knows(alice, "bob")
	c.send(bob, "alice", "the true bob")

	id := wire.NewMessageID(time.Now(), [10]byte{1})
	sealed, err := mallory.sealFor(alice.Key(), wire.Text{ID: id, Seq: 2, SentAt: time.Now(), Body: "the false bob"})
	if err != nil {
		t.Fatal(err)
	}
	session := alice.conversation(bob.Key()).currentSession()
	if err := alice.openEnvelope(receivedEnvelope{session: session, sealed: sealed}); err == nil {
		t.Error("the forged envelope was opened")
	}
	if got := texts(t, alice, "bob"); len(got) != 1 {
		t.Errorf("alice has %q from bob, want only the true one", got)
	}
}

// TestT24ReplayedEnvelopeChangesNothing delivers one envelope again and again.
func TestT24ReplayedEnvelopeChangesNothing(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.send(bob, "alice", "one")
	id := wire.NewMessageID(time.Now(), [10]byte{2})
	sealed, err := bob.sealFor(alice.Key(), wire.Text{ID: id, Seq: 2, SentAt: time.Now(), Body: "two"})
	if err != nil {
		t.Fatal(err)
	}
	session := alice.conversation(bob.Key()).currentSession()
	for range 5 {
		if err := alice.openEnvelope(receivedEnvelope{session: session, sealed: sealed}); err != nil {
			t.Fatal(err)
		}
	}
	if got := texts(t, alice, "bob"); len(got) != 2 {
		t.Errorf("alice has %q from bob, want two messages", got)
	}
}

// TestT24SwappedPrekeyIsNotUsed gives alice a prekey for bob that bob did not
// sign: his first message is then not sealed to it, but waits for the session.
func TestT24SwappedPrekeyIsNotUsed(t *testing.T) {
	c := newCircle(t)
	alice, bob, mallory := c.join("alice"), c.join("bob"), c.join("mallory")
	c.knows(alice, "bob")
	c.knows(alice, "mallory")
	row, _ := alice.rosterRow(bob.Key())
	foreign, _, err := seal.NewPrekey(mallory.self, 5)
	if err != nil {
		t.Fatal(err)
	}
	row.Prekey = foreign
	c.changeRow(alice, row)
	if _, err := alice.sealFor(bob.Key(), wire.Pong{}); err == nil {
		t.Error("sealed to a prekey bob did not sign")
	}
	c.send(alice, "bob", "by session")
}

func TestMessageMarkedReadMustBeThePeers(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	sent := c.send(alice, "bob", "mine")
	wantCode(t, alice.MarkRead(t.Context(), api.ReadMark{UpTo: sent.ID}), api.CodeUsage)
}

// TestAnIdUsedTwiceKeepsNothingUnread has two peers use the id of a message of ours: a
// group's members know each other's.
func TestAnIdUsedTwiceKeepsNothingUnread(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	c.knows(alice, "bob")
	c.knows(alice, "carol")
	sent := c.send(alice, "bob", "mine")
	id, err := wire.ParseMessageID(sent.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, peer := range []*Daemon{bob, carol} {
		again := store.Incoming{ID: id, Seq: 1, Kind: wire.KindText, Body: "mine too"}
		if _, err := alice.receive(peer.Key(), []store.Incoming{again}, api.PathRelay); err != nil {
			t.Fatal(err)
		}
	}
	if err := alice.MarkRead(t.Context(), api.ReadMark{UpTo: sent.ID}); err != nil {
		t.Errorf("mark as read: %v", err)
	}
	if unread, err := alice.Read(t.Context(), api.ReadRequest{Unread: true}); len(unread) > 0 || err != nil {
		t.Errorf("unread are %+v, %v", unread, err)
	}
	wantCode(t, alice.MarkRead(t.Context(), api.ReadMark{UpTo: wire.MessageID{9}.String()}), api.CodeNoSuchMessage)
}

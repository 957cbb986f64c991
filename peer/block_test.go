package peer

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/peer/api"
	"peerd/wire"
)

func block(t *testing.T, d *Daemon, peer string, blocked bool) api.Contact {
	t.Helper()
	row, err := d.BlockContact(t.Context(), api.BlockRequest{Name: peer, Blocked: blocked})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// TestBlockedPeerIsAsIfNoPacketArrived has mallory go on writing to alice, who has
// had enough, over a session there was and over introductions that she seeks.
func TestBlockedPeerIsAsIfNoPacketArrived(t *testing.T) {
	c := newCircle(t)
	alice, mallory, bob := c.join("alice"), c.join("mallory"), c.join("bob")
	for _, d := range []*Daemon{mallory, bob} {
		c.knows(d, "alice")
	}
	c.send(mallory, "alice", "before")
	session := mallory.conversation(alice.Key()).currentSession()
	c.await("session is connected", session.connected)
	connection := session.currentConnection()
	block(t, alice, "mallory", true)
	<-connection.Context().Done()
	if end, ok := errors.AsType[*quic.ApplicationError](context.Cause(connection.Context())); !ok || end.ErrorMessage != "closing" {
		t.Errorf("mallory is told %v, want what she hears when alice is stopped", end)
	}
	sent, err := mallory.Send(t.Context(), api.SendRequest{To: "alice", Text: "after"})
	if err != nil {
		t.Fatal(err)
	}
	c.awaitState(mallory, sent.ID, api.StateSent) // an introduction was sent to alice, and the text inside it
	c.send(bob, "alice", "meanwhile")             // others do not wait

	if got := texts(t, alice, mallory.Key().String()); !slices.Equal(got, []string{"before"}) {
		t.Errorf("alice took %q from a blocked peer", got)
	}
	for _, s := range alice.allSessions() {
		if s.peer == mallory.Key() {
			t.Error("there is a session with a blocked peer")
		}
	}
	_, err = alice.Send(t.Context(), api.SendRequest{To: "mallory", Text: "hello"})
	wantCode(t, err, api.CodeBlocked)
	_, err = alice.Ping(t.Context(), "mallory")
	wantCode(t, err, api.CodeBlocked)
	_, err = alice.Connect(t.Context(), "mallory")
	wantCode(t, err, api.CodeBlocked)

	block(t, alice, "mallory", false)
	c.awaitState(mallory, sent.ID, api.StateDelivered)
	if got := texts(t, alice, "mallory"); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("after she was unblocked alice has %q", got)
	}
}

func TestBlockSurvivesRestart(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, mallory := c.joinAt("alice", dir), c.join("mallory")
	c.knows(alice, "mallory")
	c.knows(mallory, "alice")
	block(t, alice, mallory.Key().String(), true)
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	alice = c.joinAt("alice", dir)
	sent, err := mallory.Send(t.Context(), api.SendRequest{To: "alice", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	c.awaitState(mallory, sent.ID, api.StateSent)
	if got := onlyContact(t, alice); !got.Blocked {
		t.Errorf("contact %+v", got)
	}
	block(t, alice, "mallory", false)
	c.awaitState(mallory, sent.ID, api.StateDelivered)
}

// TestMessagesWaitForABlockedContact has one queued when its recipient is blocked.
func TestMessagesWaitForABlockedContact(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.joinAt("bob", dir)
	c.knows(alice, "bob")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	c.await("alice sees bob leave, and asks for him no more", func() bool {
		row, _ := alice.rosterRow(bob.Key())
		return !row.Online
	})
	sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "for later"})
	if err != nil {
		t.Fatal(err)
	}
	if row := block(t, alice, "bob", true); row.Queued != 1 || !row.Blocked {
		t.Errorf("contact %+v, want one message queued", row)
	}
	bob = c.joinAt("bob", dir)
	c.knows(bob, "alice")
	c.await("alice sees bob", func() bool {
		row, _ := alice.rosterRow(bob.Key())
		return row.Online
	})
	alice.conversation(bob.Key()).advance() // as if woken by his login
	if c := alice.existingConversation(bob.Key()); !talkedAt(c).IsZero() {
		t.Error("alice asked to be introduced to whom she has blocked")
	}
	block(t, alice, "bob", false)
	c.awaitState(alice, sent.ID, api.StateDelivered)
}

func talkedAt(c *conversation) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.talkedAt
}

// A pin that is forgotten, or moved to another key, would let the blocked one in.
func TestBlockedContactIsNeitherForgottenNorReplaced(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	block(t, alice, "bob", true)
	_, err := alice.ForgetContact(t.Context(), api.ForgetRequest{Name: "bob", Force: true})
	wantCode(t, err, api.CodeBlocked)
	c.moveName(alice, bob.Key(), [32]byte{9})
	_, err = alice.Trust(t.Context(), api.TrustRequest{Name: "bob"})
	wantCode(t, err, api.CodeBlocked)
	_, err = alice.BlockContact(t.Context(), api.BlockRequest{Name: "nobody"})
	wantCode(t, err, api.CodeNoSuchContact)
}

// TestASessionBlockedWhileItOpensIsNotKept drops a session before its conversation has
// it: kept, it would stand for every later one with the same instance.
func TestASessionBlockedWhileItOpensIsNotKept(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	instance := wire.Instance{1}
	opened, err := alice.openSession(wire.Introduction{
		Session: wire.DeriveSessionID(alice.Key(), alice.instance, bob.Key(), instance), Peer: bob.Key(), Instance: instance,
	})
	if err != nil {
		t.Fatal(err)
	}
	alice.dropSessions(bob.Key())
	talk := alice.conversation(bob.Key())
	if talk.take(opened); talk.currentSession() != nil {
		t.Error("the conversation has a session that is closed")
	}
}

// TestASessionMayEndWhileItBegins drops sessions at every moment of their opening. The
// race detector sees whether their end waits for what they have begun.
func TestASessionMayEndWhileItBegins(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	opened := make(chan struct{})
	var dropping sync.WaitGroup
	dropping.Go(func() {
		for {
			alice.dropSessions(bob.Key())
			select {
			case <-opened:
				return
			default:
			}
		}
	})
	for i := range 50 {
		instance := wire.Instance{1, byte(i)}
		_, err := alice.openSession(wire.Introduction{
			Session: wire.DeriveSessionID(alice.Key(), alice.instance, bob.Key(), instance), Peer: bob.Key(), Instance: instance,
		})
		if err != nil {
			t.Error(err)
		}
	}
	close(opened)
	dropping.Wait()
}

// TestNothingOfABlockedPeerIsStoredOnceBlockReturns blocks mallory while an envelope of
// hers is being opened.
func TestNothingOfABlockedPeerIsStoredOnceBlockReturns(t *testing.T) {
	c := newCircle(t)
	storing, blocked := make(chan struct{}), make(chan struct{})
	alice, err := startWith(t, t.TempDir(), c.invite, func(config *Config) {
		config.Name = "alice"
		config.DiskSpace = func(string) (free, size uint64, err error) {
			close(storing)
			select {
			case <-blocked:
			case <-time.After(100 * time.Millisecond): // block waits, as it should
			}
			return math.MaxInt64, math.MaxInt64, nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	mallory := c.join("mallory")
	c.knows(alice, "mallory")
	c.knows(mallory, "alice")
	sealed, err := mallory.sealFor(alice.Key(), wire.Text{ID: wire.MessageID{1}, Seq: 1, SentAt: time.Now(), Body: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	alice.receiveSealed(&session{daemon: alice, peer: mallory.Key()}, sealed)
	<-storing
	block(t, alice, "mallory", true)
	got := texts(t, alice, mallory.Key().String())
	close(blocked)
	if !slices.Equal(got, []string{"hello"}) {
		t.Errorf("when block returns alice has %q: what comes of the envelope comes later", got)
	}
}

package peer

import (
	"context"
	"errors"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/peer/api"
	"peerd/rendezvous"
	"peerd/wire"
)

// TestT22RemovedPeerReadsOnAndNothingQueuedIsLost has the rendezvous kick bob, who is
// away, and let him in again later.
func TestT22RemovedPeerReadsOnAndNothingQueuedIsLost(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.joinAt("bob", dir)
	stranger := c.join("carol").Key()
	c.knows(alice, "bob")
	c.knows(alice, "carol")
	c.send(alice, "bob", "before")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	c.awaitPath(alice, "bob", api.PathNone)
	for _, key := range []wire.Key{bob.Key(), stranger} {
		if _, err := c.server.Kick(key, "too loud"); err != nil {
			t.Fatal(err)
		}
	}
	c.await("alice's roster has lost both", func() bool {
		_, bobs := alice.rosterRow(bob.Key())
		_, carols := alice.rosterRow(stranger)
		return !bobs && !carols
	})

	// Whom alice knows can be written to, and the message waits; whom she does not is
	// nobody any more.
	queued, err := alice.Send(c.guard(), api.SendRequest{To: "bob", Text: "for when you are back"})
	if err != nil || queued.State != api.StateQueued {
		t.Fatalf("to a contact who was removed: %+v, %v", queued, err)
	}
	if why, err := alice.Why(c.guard(), "bob"); err != nil || why.Reason != api.ReasonNotMember {
		t.Errorf("why is %q, %v", why.Reason, err)
	}
	_, err = alice.Send(c.guard(), api.SendRequest{To: "carol", Text: "hello"})
	if failure, ok := errors.AsType[*api.Error](err); !ok || failure.Code != api.CodeNoSuchPeer {
		t.Errorf("to a stranger who was removed: %v", err)
	}

	// Without an invite bob's daemon runs, though it is not let in.
	withoutInvite := func(config *Config) { config.Invite = nil }
	bob, err = startWith(t, dir, c.invite, withoutInvite)
	if err != nil {
		t.Fatal(err)
	}
	c.await("bob is refused", func() bool {
		_, _, failure := bob.online.state()
		refused, ok := errors.AsType[wire.Refused](failure)
		return ok && refused.Code == wire.RefusedNotMember && refused.Detail == "it was removed (too loud)"
	})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := errors.AsType[*OfflineError](bob.AwaitOnline(ended)); !ok {
		t.Error("a daemon whose membership has ended gives up")
	}
	if history, err := bob.History(c.guard(), api.HistoryRequest{With: "alice", Limit: 10}); err != nil || len(history) != 1 || history[0].Text != "before" {
		t.Errorf("history is %+v, %v", history, err)
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}

	// With an invite of before it says what is wrong with it, with a new one all is well.
	bob, err = startWith(t, dir, c.invite, func(*Config) {})
	if err != nil {
		t.Fatal(err)
	}
	if refused, _ := errors.AsType[wire.Refused](bob.AwaitOnline(c.guard())); refused.Code != wire.RefusedNotMember {
		t.Errorf("with an old invite: %v", refused)
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	if c.invite, err = c.server.CreateInvite(1, time.Hour); err != nil {
		t.Fatal(err)
	}
	c.joinAt("bob", dir)
	c.awaitState(alice, queued.ID, api.StateDelivered)
}

// TestRemovedContactWasSeenUntilThen has bob kicked while he is online.
func TestRemovedContactWasSeenUntilThen(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	if _, err := c.server.Kick(bob.Key(), ""); err != nil {
		t.Fatal(err)
	}
	c.await("alice has noted when bob was seen last", func() bool {
		alice.mu.Lock()
		defer alice.mu.Unlock()
		_, listed := alice.roster.Row(bob.Key())
		return !listed && !alice.contacts.byKey[bob.Key()].LastSeen.IsZero()
	})
}

func TestT22BannedKeyDoesNotJoin(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	self, err := identity.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.server.Ban(self.Key(), "spam"); err != nil {
		t.Fatal(err)
	}
	d := c.startAt("bob", dir)
	refused, _ := errors.AsType[wire.Refused](d.AwaitOnline(c.guard()))
	if refused.Code != wire.RefusedBanned || refused.Detail != "spam" {
		t.Errorf("login ended with %v", refused)
	}
	// Who is refused does not come again at full speed.
	if wait := pauseAfter(refused, firstPause); wait < refusedPause/2 {
		t.Errorf("the next attempt is in %v", wait)
	}
}

func TestAnybodyJoinsAnOpenCircleByItsAddress(t *testing.T) {
	c := newCircleWith(t, func(config *rendezvous.Config) { config.Open = true })
	address, err := invite.Parse(c.server.OpenInvite().String())
	if err != nil {
		t.Fatal(err)
	}
	d, err := startWith(t, t.TempDir(), address, func(config *Config) { config.Name = "alice" })
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AwaitOnline(c.guard()); err != nil {
		t.Error(err)
	}
}

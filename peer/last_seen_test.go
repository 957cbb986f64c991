package peer

import (
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/wire"
)

// lastSeen is when a daemon says that its one contact was online.
func lastSeen(t *testing.T, d *Daemon, name string) time.Time {
	t.Helper()
	peers, err := d.Peers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row, err := api.FindPeer(peers, name)
	if err != nil || row.Online {
		t.Fatalf("peer %+v, %v; want it offline", row, err)
	}
	if got := onlyContact(t, d); !got.LastSeen.Equal(row.LastSeen.Time) {
		t.Errorf("contact was seen %v, peer %v", got.LastSeen, row.LastSeen)
	}
	return row.LastSeen.Time
}

// TestLastSeenSurvivesRestarts lets a contact go, and then the rendezvous: what is
// left is what was noted.
func TestLastSeenSurvivesRestarts(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.joinAt("alice", dir), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	before := time.Now()
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	c.await("bob is offline", func() bool { // the session with him ends in its own time
		row, known := alice.rosterRow(bob.Key())
		return known && !row.Online && !onlyContact(t, alice).Online && !alice.peerRow(bob.Key()).Online
	})
	after := time.Now()
	c.await("it is noted", func() bool { return !lastSeen(t, alice, "bob").Before(before) })
	if seen := lastSeen(t, alice, "bob"); seen.After(after) {
		t.Errorf("bob was seen %v, want between %v and %v", seen, before, after)
	}

	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	c.stop()
	alice = c.startAt("alice", dir)
	if seen := lastSeen(t, alice, "bob"); seen.Before(before) || seen.After(after) {
		t.Errorf("after restarts bob was seen %v, want between %v and %v", seen, before, after)
	}
}

// TestWhoWasOnlineWhenWeLeftWasSeenThen: nobody tells us later.
func TestWhoWasOnlineWhenWeLeftWasSeenThen(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.joinAt("alice", dir), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	if got := onlyContact(t, alice); !got.Online || time.Since(got.LastSeen.Time) > time.Minute {
		t.Errorf("an online contact is %+v", got)
	}
	before := time.Now()
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	c.stop()
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	alice = c.startAt("alice", dir)
	if seen := lastSeen(t, alice, "bob"); seen.Before(before) {
		t.Errorf("bob was seen %v, want %v at least", seen, before)
	}
}

// TestADecisionForgetsNoSighting changes a contact while it is noted when it was seen.
func TestADecisionForgetsNoSighting(t *testing.T) {
	c := newCircle(t)
	alice := c.join("alice")
	key := wire.Key{9}
	if _, err := alice.AddContact(t.Context(), api.AddRequest{Peer: key.String(), As: "dad"}); err != nil {
		t.Fatal(err)
	}
	decided, err := alice.contact("dad") // what a decision begins with
	if err != nil {
		t.Fatal(err)
	}
	seen := time.Now()
	alice.saw(map[wire.Key]time.Time{key: seen})
	alice.replaceContact(decided)
	if got := lastSeen(t, alice, "dad"); !got.Equal(seen) {
		t.Errorf("dad was seen %v, want %v", got, seen)
	}
}

package store

import (
	"errors"
	"testing"
	"time"

	"peerd/wire"
)

var (
	dave     = ClassicUser{Key: ClassicKey("dave"), Name: "Dave"}
	talkedAt = time.Date(2026, 11, 21, 3, 21, 9, 0, time.UTC)
)

func talk(id byte, body string) Talk {
	return Talk{ID: wire.MessageID{id}, Body: body, At: talkedAt, Path: "direct"}
}

func TestClassicKeysAreTheirUsersAndNobodyElses(t *testing.T) {
	if ClassicKey("dave") == ClassicKey("erin") || ClassicKey("dave") != dave.Key {
		t.Error("users share a key, or have two")
	}
	if !IsClassic(dave.Key) || IsClassic(wire.Key{}) || IsClassic(wire.Key([]byte("peerd classic v0................"))) {
		t.Error("the keys of classic users are not told from others")
	}
}

func TestTalkIsStoredInItsOrderAndNeverWaitsForAReceipt(t *testing.T) {
	s := openTest(t)
	for i, body := range []string{"one", "one", "two"} { // nothing tells a repetition
		m, err := s.ReceiveTalk(t.Context(), dave, talk(byte(i+1), body))
		if err != nil || m.Seq != uint64(i+1) || m.State != Unread || m.Peer != dave.Key || m.Body != body {
			t.Fatalf("stored %+v, %v", m, err)
		}
	}
	ours, fresh, err := s.AcceptTalk(t.Context(), dave, talk(10, "back"))
	if err != nil || !fresh || ours.State != Sent || ours.Path != "direct" || !ours.Outgoing {
		t.Fatalf("accepted %+v, %v, %v", ours, fresh, err)
	}
	again, fresh, err := s.AcceptTalk(t.Context(), dave, talk(10, "back"))
	if err != nil || fresh || again != ours {
		t.Errorf("accepted again: %+v, %v, %v", again, fresh, err)
	}
	if _, _, err := s.AcceptTalk(t.Context(), ClassicUser{Key: ClassicKey("erin"), Name: "erin"}, talk(10, "back")); !errors.Is(err, ErrIDTaken) {
		t.Errorf("an id was used for two users: %v", err)
	}
	peers, err := s.PeersWithPending(t.Context())
	queued, countErr := s.Queued(t.Context())
	if err != nil || countErr != nil || len(peers) > 0 || len(queued) > 0 {
		t.Errorf("pending for %v, queued %v; %v, %v", peers, queued, err, countErr)
	}
	if unread, err := s.UnreadTalks(t.Context()); err != nil || unread != 3 {
		t.Errorf("%d talks are unread, %v", unread, err)
	}
}

func TestPendingMessagesToPeersStayPendingBesideTalks(t *testing.T) {
	s := openTest(t)
	if _, _, err := s.AcceptTalk(t.Context(), dave, talk(1, "hello")); err != nil {
		t.Fatal(err)
	}
	bob := wire.Key{'b'}
	if _, err := s.Accept(t.Context(), bob, wire.MessageID{2}, "hello", talkedAt); err != nil {
		t.Fatal(err)
	}
	if peers, err := s.PeersWithPending(t.Context()); err != nil || len(peers) != 1 || peers[0] != bob {
		t.Errorf("pending for %v, %v", peers, err)
	}
	if queued, err := s.Queued(t.Context()); err != nil || len(queued) != 1 || queued[bob] != 1 {
		t.Errorf("queued %v, %v", queued, err)
	}
	if unread, err := s.UnreadTalks(t.Context()); err != nil || unread != 0 {
		t.Errorf("%d talks are unread, %v", unread, err)
	}
}

func TestClassicUserIsCalledAsItWasLastSeen(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	for i, name := range []string{"dave", "Dave"} {
		if _, err := s.ReceiveTalk(t.Context(), ClassicUser{Key: dave.Key, Name: name}, talk(byte(i+1), "hello")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	users, err := reopen(t, dir).ClassicUsers(t.Context())
	if err != nil || len(users) != 1 || users[0] != dave {
		t.Errorf("classic users %v, %v", users, err)
	}
}

package store

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

func TestReceivedMessageIsStoredOnce(t *testing.T) {
	s := openTest(t)
	text := wire.Text{ID: newID(), Seq: 4, SentAt: noon, Body: "hello"}
	want := Message{
		Row: 1, ID: text.ID, Peer: alice, Seq: 4, Kind: wire.KindText, Body: "hello", SentAt: noon, ReceivedAt: noon.Add(time.Second),
		State: Unread, DeliveredAt: noon.Add(time.Second), Path: "relay",
	}
	for _, fresh := range []bool{true, false} {
		got, gotFresh, err := s.Receive(t.Context(), alice, IncomingText(text), noon.Add(time.Second), "relay")
		if got != want || gotFresh != fresh || err != nil {
			t.Errorf("got %+v, %t, %v; want %+v, %t", got, gotFresh, err, want, fresh)
		}
	}
}

func TestRepeatOfAReadMessageStaysRead(t *testing.T) {
	s := openTest(t)
	text := wire.Text{ID: newID(), Seq: 1, SentAt: noon, Body: "hello"}
	_, _, err := s.Receive(t.Context(), alice, IncomingText(text), noon, "direct")
	check(t, err)
	_, err = s.ReadUpTo(t.Context(), alice, wire.GroupID{}, 1, noon, true)
	check(t, err)
	text.Body = "something else under the same id"
	m, fresh, err := s.Receive(t.Context(), alice, IncomingText(text), noon, "relay")
	if fresh || m.State != Read || m.Body != "hello" || m.Path != "direct" || err != nil {
		t.Errorf("got %+v, %t, %v", m, fresh, err)
	}
}

func TestAnIDOfOnePeerDoesNotHideAnothers(t *testing.T) {
	s := openTest(t)
	ours := accept(t, s, bob, "ours")
	for _, from := range []wire.Key{alice, bob} {
		text := wire.Text{ID: ours.ID, Seq: 1, SentAt: noon, Body: "copied id"}
		if _, fresh, err := s.Receive(t.Context(), from, IncomingText(text), noon, "direct"); !fresh || err != nil {
			t.Errorf("not stored: fresh %t, error %v", fresh, err)
		}
	}
	if m, err := s.Message(t.Context(), ours.ID); m != ours || err != nil {
		t.Errorf("our own message is now %+v (error %v)", m, err)
	}
}

func TestAbsurdSequencesAreRefused(t *testing.T) {
	s := openTest(t)
	for _, seq := range []uint64{0, math.MaxInt64 + 1, math.MaxUint64} {
		text := wire.Text{ID: newID(), Seq: seq, SentAt: noon}
		if _, fresh, err := s.Receive(t.Context(), alice, IncomingText(text), noon, "direct"); fresh || !errors.Is(err, ErrSequence) {
			t.Errorf("sequence %d: fresh %t, error %v; want ErrSequence", seq, fresh, err)
		}
	}
	receive(t, s, alice, math.MaxInt64, "the highest")
}

func wantCursor(t *testing.T, s *Store, peer wire.Key, upTo uint64, announce bool) {
	t.Helper()
	gotUpTo, _, gotAnnounce, err := s.ReadCursor(t.Context(), peer)
	if gotUpTo != upTo || gotAnnounce != announce || err != nil {
		t.Errorf("cursor %d, announce %t, error %v; want %d, %t", gotUpTo, gotAnnounce, err, upTo, announce)
	}
}

func TestReadCursorFollowsWhatTheUserHasRead(t *testing.T) {
	s := openTest(t)
	wantCursor(t, s, alice, 0, false)
	for seq := range uint64(5) {
		receive(t, s, alice, seq+1, "x")
	}
	wantCursor(t, s, alice, 0, false)

	steps := []struct {
		name     string
		upTo     uint64
		receipt  bool
		changed  bool
		cursor   uint64
		announce bool
		unread   int
	}{
		{"without a receipt nothing is announced", 2, false, true, 0, false, 3},
		{"with one it is", 3, true, true, 3, true, 2},
		{"reading again is no change", 3, true, false, 3, true, 2},
		{"reading less is none either", 1, true, false, 3, true, 2},
		{"the rest, quietly", 5, false, true, 3, true, 0},
		{"a receipt for what was read quietly", 5, true, true, 5, true, 0},
		{"nobody has read what has not arrived", math.MaxUint64, true, false, 5, true, 0},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			changed, err := s.ReadUpTo(t.Context(), alice, wire.GroupID{}, step.upTo, noon, step.receipt)
			if changed != step.changed || err != nil {
				t.Errorf("changed %t, error %v; want %t", changed, err, step.changed)
			}
			wantCursor(t, s, alice, step.cursor, step.announce)
			if unread, err := s.Unread(t.Context()); unread[alice] != step.unread || err != nil {
				t.Errorf("%d unread, error %v; want %d", unread[alice], err, step.unread)
			}
		})
	}
}

func TestCursorCarriesTheTimeOfReading(t *testing.T) {
	s := openTest(t)
	receive(t, s, alice, 1, "x")
	_, err := s.ReadUpTo(t.Context(), alice, wire.GroupID{}, 1, noon.Add(time.Hour), true)
	check(t, err)
	if _, at, _, err := s.ReadCursor(t.Context(), alice); !at.Equal(noon.Add(time.Hour)) || err != nil {
		t.Errorf("read at %v (error %v)", at, err)
	}
}

func TestLateMessageIsUnreadAndHoldsTheCursorBack(t *testing.T) {
	s := openTest(t)
	receive(t, s, alice, 1, "one")
	receive(t, s, alice, 3, "three")
	_, err := s.ReadUpTo(t.Context(), alice, wire.GroupID{}, 3, noon, true)
	check(t, err)
	wantCursor(t, s, alice, 3, true)

	receive(t, s, alice, 2, "two, late")
	wantCursor(t, s, alice, 1, true)
	unread, err := s.Messages(t.Context(), Filter{Unread: true})
	check(t, err)
	if !slices.Equal(bodies(unread), []string{"two, late"}) {
		t.Errorf("unread: %q", bodies(unread))
	}
	_, err = s.ReadUpTo(t.Context(), alice, wire.GroupID{}, 2, noon, true)
	check(t, err)
	wantCursor(t, s, alice, 3, true)
}

func TestUnreadCountsPerPeer(t *testing.T) {
	s := openTest(t)
	receive(t, s, alice, 1, "x")
	receive(t, s, alice, 2, "y")
	receive(t, s, bob, 1, "z")
	receive(t, s, carol, 1, "read")
	accept(t, s, carol, "ours")
	_, err := s.ReadUpTo(t.Context(), carol, wire.GroupID{}, 1, noon, false)
	check(t, err)
	unread, err := s.Unread(t.Context())
	if len(unread) != 2 || unread[alice] != 2 || unread[bob] != 1 || err != nil {
		t.Errorf("unread: %v, %v", unread, err)
	}
}

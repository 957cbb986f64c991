package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"peerd/wire"
)

func wantAfter(t *testing.T, s *Store, cursor string, want ...string) []Message {
	t.Helper()
	got, err := s.AfterCursor(t.Context(), cursor, 10)
	check(t, err)
	if !slices.Equal(bodies(got), want) {
		t.Fatalf("after the cursor: %q, want %q", bodies(got), want)
	}
	return got
}

func TestACursorBeginsAtTheNewestMessage(t *testing.T) {
	s := openTest(t)
	receive(t, s, alice, 1, "before")
	wantAfter(t, s, "hook")
	receive(t, s, alice, 2, "after")
	accept(t, s, alice, "ours")
	_, _, err := s.Receive(t.Context(), bob, Incoming{ID: newID(), Seq: 1, SentAt: noon, Kind: wire.KindText, Hidden: true}, noon, "direct")
	check(t, err)
	receive(t, s, bob, 2, "bob's")
	wantAfter(t, s, "hook", "after", "bob's")
	wantAfter(t, s, "hook", "after", "bob's")
}

func TestACursorSurvivesAReopenAndOnlyMovesForward(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	wantAfter(t, s, "hook")
	wantAfter(t, s, "another")
	first, second := receive(t, s, alice, 1, "first"), receive(t, s, alice, 2, "second")
	receive(t, s, alice, 3, "third")
	check(t, s.AdvanceCursor(t.Context(), "hook", second.ID))
	check(t, s.AdvanceCursor(t.Context(), "hook", first.ID))
	check(t, s.Close())

	s = reopen(t, dir)
	wantAfter(t, s, "hook", "third")
	wantAfter(t, s, "another", "first", "second", "third")
}

func TestAPeerCannotMoveACursorPastAnothersMessages(t *testing.T) {
	s := openTest(t)
	wantAfter(t, s, "hook")
	seen := receive(t, s, alice, 1, "alice's")
	receive(t, s, carol, 1, "carol's")
	copied := wire.Text{ID: seen.ID, Seq: 1, SentAt: noon, Body: "alice's"}
	_, _, err := s.Receive(t.Context(), bob, IncomingText(copied), noon, "direct")
	check(t, err)
	check(t, s.AdvanceCursor(t.Context(), "hook", seen.ID))
	wantAfter(t, s, "hook", "carol's", "alice's")
}

func TestPagesOfACursorAreInOrderOfArrival(t *testing.T) {
	s := openTest(t)
	wantAfter(t, s, "hook")
	receive(t, s, alice, 2, "two, early")
	receive(t, s, alice, 1, "one")
	page, err := s.AfterCursor(t.Context(), "hook", 1)
	if check(t, err); !slices.Equal(bodies(page), []string{"two, early"}) {
		t.Fatalf("first page %q", bodies(page))
	}
	check(t, s.AdvanceCursor(t.Context(), "hook", page[0].ID))
	wantAfter(t, s, "hook", "one")
}

func TestACursorThatHasNotBegunCannotAdvance(t *testing.T) {
	s := openTest(t)
	m := receive(t, s, alice, 1, "x")
	if err := s.AdvanceCursor(t.Context(), "hook", m.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestAdvancingACursorUsesAnIndex(t *testing.T) {
	s := openTest(t)
	plan := explain(t, s, `SELECT min(row_id) FROM message WHERE id = ? AND outgoing = 0 AND row_id > ?`, "x", 0)
	if strings.Contains(plan, "SCAN") {
		t.Errorf("reads the whole history:\n%s", plan)
	}
}

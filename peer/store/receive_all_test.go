package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"peerd/wire"
)

func incomings(seqs ...uint64) (all []Incoming) {
	for _, seq := range seqs {
		all = append(all, IncomingText(wire.Text{ID: newID(), Seq: seq, SentAt: noon, Body: fmt.Sprint(seq)}))
	}
	return all
}

func TestMessagesThatCameTogetherShareATransaction(t *testing.T) {
	s := openTest(t)
	before := s.writer.commits.Load()
	came := incomings(1, 2, 3)
	for _, fresh := range []bool{true, false} {
		received, err := s.ReceiveAll(t.Context(), alice, came, noon, "direct")
		check(t, err)
		for i, r := range received {
			if r.Message.ID != came[i].ID || r.Fresh != fresh || r.Message.State != Unread {
				t.Errorf("message %d: %+v", i, r)
			}
		}
	}
	if commits := s.writer.commits.Load() - before; commits != 2 {
		t.Errorf("%d transactions, want one for the messages and one for the repetition", commits)
	}
	received, err := s.ReceiveAll(t.Context(), alice, nil, noon, "direct")
	if len(received) != 0 || err != nil {
		t.Errorf("of nothing: %v, %v", received, err)
	}
}

// A message that cannot be stored must cost none of those before it.
func TestMessagesBeforeARefusedOneAreStored(t *testing.T) {
	s := openTest(t)
	received, err := s.ReceiveAll(t.Context(), alice, incomings(1, 2, 0, 3), noon, "direct")
	if len(received) != 2 || !errors.Is(err, ErrSequence) {
		t.Errorf("received %d, error %v; want 2 and ErrSequence", len(received), err)
	}
	all, err := s.Messages(t.Context(), Filter{})
	check(t, err)
	if !slices.Equal(bodies(all), []string{"1", "2"}) {
		t.Errorf("stored %q", bodies(all))
	}
}

func TestMessagesBeforeOneThatIsTooLargeForTheDiskAreStored(t *testing.T) {
	s := openTest(t)
	accept(t, s, alice, "makes the tables' first pages")
	check(t, apply(t.Context(), s, "limit file", func(tx *transaction) error {
		var now int
		return tx.row("PRAGMA max_page_count = 1", nil, &now) // SQLite makes it the present size
	}))
	came := incomings(1, 2, 3)
	came[2].Body = string(make([]byte, 64<<10))
	received, err := s.ReceiveAll(t.Context(), alice, came, noon, "direct")
	if len(received) != 2 || err == nil {
		t.Errorf("received %d, error %v; want 2 and an error", len(received), err)
	}
}

package store

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

func TestAcceptQueuesWithTheNextSequence(t *testing.T) {
	s := openTest(t)
	id := newID()
	got, err := s.Accept(t.Context(), bob, id, "你好\x00 bob", noon)
	check(t, err)
	want := Message{Row: 1, ID: id, Peer: bob, Outgoing: true, Seq: 1, Kind: wire.KindText, Body: "你好\x00 bob", SentAt: noon, State: Queued}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if m := accept(t, s, bob, "second"); m.Seq != 2 {
		t.Errorf("second message to bob has sequence %d", m.Seq)
	}
	if m := accept(t, s, carol, "first"); m.Seq != 1 {
		t.Errorf("first message to carol has sequence %d", m.Seq)
	}
}

func TestAcceptingAnIDAgainReturnsTheStoredMessage(t *testing.T) {
	s := openTest(t)
	first := accept(t, s, bob, "once")
	again, err := s.Accept(t.Context(), bob, first.ID, "once", noon.Add(time.Hour))
	check(t, err)
	if again != first {
		t.Errorf("got %+v, want %+v", again, first)
	}
	if m := accept(t, s, bob, "next"); m.Seq != 2 {
		t.Errorf("the repeat used up a sequence: next is %d", m.Seq)
	}
	if _, err := s.Accept(t.Context(), carol, first.ID, "once", noon); !errors.Is(err, ErrIDTaken) {
		t.Errorf("same id to another peer: %v, want ErrIDTaken", err)
	}
}

func TestSequencesAreNotReusedWhenMessagesAreDeleted(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	first := accept(t, s, bob, "one")
	last := accept(t, s, bob, "two")
	check(t, apply(t.Context(), s, "delete everything", func(tx *transaction) error { return tx.exec(`DELETE FROM message`) }))
	check(t, s.Close())
	s = reopen(t, dir)
	if m := accept(t, s, bob, "three"); m.Seq != 3 || m.Row <= last.Row {
		t.Errorf("after %d and %d came sequence %d, row %d after row %d", first.Seq, last.Seq, m.Seq, m.Row, last.Row)
	}
}

func TestPendingIsTheUndeliveredOutboxInSequence(t *testing.T) {
	s := openTest(t)
	var all []Message
	for _, body := range []string{"one", "two", "three", "four"} {
		all = append(all, accept(t, s, bob, body))
	}
	accept(t, s, carol, "to somebody else")
	receive(t, s, bob, 1, "from bob")
	_, err := s.MarkSent(t.Context(), bob, 1, 2)
	check(t, err)
	_, err = s.MarkDelivered(t.Context(), bob, noon, "direct", all[1].ID)
	check(t, err)

	for name, test := range map[string]struct {
		after uint64
		limit int
		want  []string
	}{
		"all that are not delivered": {0, 10, []string{"one", "three", "four"}},
		"after a sequence":           {1, 10, []string{"three", "four"}},
		"a few":                      {0, 2, []string{"one", "three"}},
		"after the last":             {math.MaxUint64, 10, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Pending(t.Context(), bob, test.after, test.limit)
			check(t, err)
			if !slices.Equal(bodies(got), test.want) {
				t.Errorf("got %q, want %q", bodies(got), test.want)
			}
		})
	}
}

func TestPeersWithPendingAreThoseWaitingForSomething(t *testing.T) {
	s := openTest(t)
	toBob := accept(t, s, bob, "x")
	accept(t, s, carol, "y")
	accept(t, s, carol, "z")
	receive(t, s, alice, 1, "from alice")
	_, err := s.MarkDelivered(t.Context(), bob, noon, "relay", toBob.ID)
	check(t, err)
	if got, err := s.PeersWithPending(t.Context()); err != nil || !slices.Equal(got, []wire.Key{carol}) {
		t.Errorf("got %v, %v; want carol only", got, err)
	}
	if got, err := s.Queued(t.Context()); err != nil || !maps.Equal(got, map[wire.Key]int{carol: 2}) {
		t.Errorf("got %v, %v; want 2 for carol only", got, err)
	}
}

func TestStatesOnlyMoveForward(t *testing.T) {
	s := openTest(t)
	m := accept(t, s, bob, "x")
	state := func() State {
		t.Helper()
		stored, err := s.Message(t.Context(), m.ID)
		check(t, err)
		return stored.State
	}
	steps := []struct {
		name string
		do   func() error
		want State
	}{
		{"handed to a path", func() error { _, err := s.MarkSent(t.Context(), bob, m.Seq, m.Seq); return err }, Sent},
		{"handed to another", func() error { _, err := s.MarkSent(t.Context(), bob, m.Seq, m.Seq); return err }, Sent},
		{"receipt", func() error { _, err := s.MarkDelivered(t.Context(), bob, noon, "direct", m.ID); return err }, Delivered},
		{"handed to a path late", func() error { _, err := s.MarkSent(t.Context(), bob, m.Seq, m.Seq); return err }, Delivered},
		{"read", func() error { _, err := s.MarkRead(t.Context(), bob, 1, noon); return err }, Read},
		{"receipt again", func() error { _, err := s.MarkDelivered(t.Context(), bob, noon, "relay", m.ID); return err }, Read},
	}
	for _, step := range steps {
		check(t, step.do())
		if got := state(); got != step.want {
			t.Fatalf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}

func TestDeliveryIsNewsOnce(t *testing.T) {
	s := openTest(t)
	m := accept(t, s, bob, "x")
	want := m
	want.State, want.DeliveredAt, want.Path = Delivered, noon.Add(time.Minute), "direct"
	for _, news := range [][]Message{{want}, nil} {
		got, err := s.MarkDelivered(t.Context(), bob, noon.Add(time.Minute), "direct", m.ID)
		if !slices.Equal(got, news) || err != nil {
			t.Errorf("got %+v, %v; want %+v", got, err, news)
		}
	}
}

func TestReceiptsOfStrangersArePassedOver(t *testing.T) {
	s := openTest(t)
	toBob, fromCarol := accept(t, s, bob, "x"), receive(t, s, carol, 1, "y")
	for name, receipt := range map[string]struct {
		peer wire.Key
		id   wire.MessageID
	}{
		"for nothing we sent":           {bob, newID()},
		"by a peer it was not sent to":  {carol, toBob.ID},
		"for a message we received":     {carol, fromCarol.ID},
		"by a peer we never talked to":  {alice, toBob.ID},
		"by a peer without any message": {wire.Key{}, newID()},
	} {
		t.Run(name, func(t *testing.T) {
			if changed, err := s.MarkDelivered(t.Context(), receipt.peer, noon, "direct", receipt.id); len(changed) != 0 || err != nil {
				t.Errorf("changed %+v, %v", changed, err)
			}
		})
	}
	if m, err := s.Message(t.Context(), toBob.ID); err != nil || m.State != Queued {
		t.Errorf("bob's message is now %s (error %v)", m.State, err)
	}
}

func TestReadReportCoversDeliveredMessagesOnly(t *testing.T) {
	s := openTest(t)
	one, two, three := accept(t, s, bob, "one"), accept(t, s, bob, "two"), accept(t, s, bob, "three")
	for _, m := range []Message{three, one} {
		_, err := s.MarkDelivered(t.Context(), bob, noon, "direct", m.ID)
		check(t, err)
	}
	changed, err := s.MarkRead(t.Context(), bob, 3, noon.Add(time.Hour))
	check(t, err)
	if got := bodies(changed); !slices.Equal(got, []string{"one", "three"}) || changed[0].State != Read || !changed[0].ReadAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("changed %+v", changed)
	}
	if pending, err := s.Pending(t.Context(), bob, 0, 10); err != nil || !slices.Equal(bodies(pending), []string{"two"}) {
		t.Errorf("pending %q, %v: a message without a receipt must stay", bodies(pending), err)
	}
	if changed, err := s.MarkRead(t.Context(), bob, 3, noon); len(changed) != 0 || err != nil {
		t.Errorf("the same report again changed %q, %v", bodies(changed), err)
	}
	news, err := s.MarkDelivered(t.Context(), bob, noon, "direct", two.ID)
	if len(news) != 1 || news[0].State != Read || err != nil {
		t.Errorf("receipt after the report: %+v, %v; want it read", news, err)
	}
}

func TestReadReportCannotReachIntoTheFuture(t *testing.T) {
	s := openTest(t)
	accept(t, s, bob, "one")
	_, err := s.MarkRead(t.Context(), bob, math.MaxUint64, noon)
	check(t, err)
	later := accept(t, s, bob, "two")
	if news, err := s.MarkDelivered(t.Context(), bob, noon, "direct", later.ID); err != nil || len(news) != 1 || news[0].State != Delivered {
		t.Errorf("a message written after the report is %+v (error %v)", news, err)
	}
	if changed, err := s.MarkRead(t.Context(), alice, 5, noon); len(changed) != 0 || err != nil {
		t.Errorf("report of a peer we never wrote to: %v, %v", changed, err)
	}
}

func TestOneMessageGoesToAllMembersOfAGroupAndIsShownOnce(t *testing.T) {
	s := openTest(t)
	id, group := newID(), wire.GroupID{1}
	drafts := []Draft{
		{To: alice, ID: id, Kind: wire.KindText, Body: "hi all", Group: group},
		{To: bob, ID: id, Kind: wire.KindText, Body: "hi all", Group: group, Hidden: true},
	}
	for range 2 { // a caller that does not know asks again
		accepted, err := s.AcceptAll(t.Context(), noon, drafts...)
		if err != nil || len(accepted) != 2 || accepted[0].Peer != alice || accepted[1].Peer != bob || accepted[1].Row != 2 {
			t.Fatalf("accepted %+v, %v", accepted, err)
		}
	}
	shown, err := s.Messages(t.Context(), Filter{})
	if err != nil || !slices.Equal(bodies(shown), []string{"hi all"}) {
		t.Errorf("the history is %+v, %v", shown, err)
	}
	if found := searched(t, s, Search{Texts: []string{"hi all"}, Limit: 10}); len(found) != 1 {
		t.Errorf("a search finds %q", found)
	}
	sent, err := s.MarkSent(t.Context(), alice, 1, 1)
	if check(t, err); len(sent) != 1 || sent[0].Peer != alice || sent[0].State != Sent {
		t.Errorf("marked as sent: %+v", sent)
	}
	if pending, err := s.Pending(t.Context(), bob, 0, 10); err != nil || len(pending) != 1 || pending[0].State != Queued {
		t.Errorf("pending for bob is %+v, %v", pending, err)
	}
}

func TestOfSeveralMessagesAllAreAcceptedOrNone(t *testing.T) {
	s := openTest(t)
	taken := accept(t, s, alice, "mine")
	_, err := s.AcceptAll(t.Context(), noon,
		Draft{To: alice, ID: newID(), Kind: wire.KindText, Body: "good"},
		Draft{To: bob, ID: taken.ID, Kind: wire.KindText, Body: "bad"})
	if !errors.Is(err, ErrIDTaken) {
		t.Errorf("got %v, want ErrIDTaken", err)
	}
	if all, err := s.Messages(t.Context(), Filter{}); err != nil || !slices.Equal(bodies(all), []string{"mine"}) {
		t.Errorf("the history is %q, %v", bodies(all), err)
	}
}

package store

import (
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

// everything returns all messages of a store, as they arrived.
func everything(t *testing.T, s *Store) []Message {
	t.Helper()
	all, err := s.Page(t.Context(), nil, 0, 1000)
	check(t, err)
	return all
}

func imports(t *testing.T, s *Store, messages []Message, anotherKey bool, want ImportCount) {
	t.Helper()
	count, err := s.Import(t.Context(), messages, anotherKey)
	if count != want || err != nil {
		t.Errorf("imported %+v, %v; want %+v", count, err, want)
	}
}

// converse stores a message of every state.
func converse(t *testing.T, s *Store) {
	t.Helper()
	read, delivered := accept(t, s, bob, "read"), accept(t, s, bob, "delivered")
	_, err := s.MarkDelivered(t.Context(), bob, noon, "direct", read.ID, delivered.ID)
	check(t, err)
	_, err = s.MarkRead(t.Context(), bob, read.Seq, noon.Add(time.Minute))
	check(t, err)
	sent := accept(t, s, bob, "sent")
	_, err = s.MarkSent(t.Context(), bob, sent.Seq, sent.Seq)
	check(t, err)
	accept(t, s, bob, "queued")
	for seq, body := range []string{"seen", "unseen"} {
		text := wire.Text{ID: wire.MessageID{9, byte(seq)}, Seq: uint64(seq + 1), SentAt: noon, Body: body}
		_, _, err = s.Receive(t.Context(), bob, IncomingText(text), noon, "relay")
		check(t, err)
	}
	_, err = s.ReadUpTo(t.Context(), bob, wire.GroupID{}, 1, noon, true)
	check(t, err)
}

func TestNothingImportedIsSent(t *testing.T) {
	origin, s := openTest(t), openTest(t)
	converse(t, origin)
	archive := everything(t, origin)
	imports(t, s, archive, false, ImportCount{Added: 6})
	peers, err := s.PeersWithPending(t.Context())
	if len(peers) > 0 || err != nil {
		t.Errorf("messages wait for %v, %v", peers, err)
	}
	want := []State{Read, Delivered, Imported, Imported, Read, Unread}
	for i, m := range everything(t, s) {
		if m.State != want[i] || m.Body != archive[i].Body || m.Seq != archive[i].Seq || !m.SentAt.Equal(archive[i].SentAt) {
			t.Errorf("message %d is %+v, was %+v, want it %s", i, m, archive[i], want[i])
		}
	}
	imports(t, s, archive, false, ImportCount{Known: 6})
	imports(t, origin, archive, false, ImportCount{Known: 6})
	if waiting, err := origin.Pending(t.Context(), bob, 0, 10); len(waiting) != 2 || err != nil {
		t.Errorf("where it came from wait %+v, %v; want two messages still", waiting, err)
	}
	if next := accept(t, s, bob, "new").Seq; next != 5 {
		t.Errorf("the next sequence is %d, want 5: those before are used", next)
	}
}

func TestImportOnlyAdvances(t *testing.T) {
	s := openTest(t)
	m := accept(t, s, bob, "hello")
	delivered := m
	delivered.State, delivered.DeliveredAt, delivered.Path = Delivered, noon, "direct"
	imports(t, s, []Message{delivered}, false, ImportCount{Advanced: 1})
	imports(t, s, []Message{m}, false, ImportCount{Known: 1})
	edited := delivered
	edited.Body, edited.EditedAt = "hello!", noon.Add(time.Hour)
	imports(t, s, []Message{edited}, false, ImportCount{Advanced: 1})
	imports(t, s, []Message{delivered}, false, ImportCount{Known: 1})
	unsent := delivered
	unsent.Body, unsent.UnsentAt = "", noon.Add(2*time.Hour)
	imports(t, s, []Message{unsent}, false, ImportCount{Advanced: 1})
	edited.EditedAt = noon.Add(3 * time.Hour)
	imports(t, s, []Message{edited}, false, ImportCount{Known: 1})
	got := everything(t, s)
	if len(got) != 1 || got[0].State != Delivered || !got[0].DeliveredAt.Equal(noon) || got[0].Body != "" || got[0].UnsentAt.IsZero() {
		t.Errorf("got %+v", got)
	}
	if waiting, err := s.Pending(t.Context(), bob, 0, 10); len(waiting) > 0 || err != nil {
		t.Errorf("it is sent all the same: %+v, %v", waiting, err)
	}
}

func TestWhatAnotherKeySaidComesFirst(t *testing.T) {
	origin, s := openTest(t), openTest(t)
	for _, body := range []string{"one", "two", "three"} {
		accept(t, origin, bob, body)
	}
	archive := everything(t, origin)
	imports(t, s, archive, true, ImportCount{Added: 3})
	accept(t, s, bob, "four")
	accept(t, s, bob, "five")
	imports(t, s, archive, true, ImportCount{Known: 3})
	history, err := s.Messages(t.Context(), Filter{Peer: &bob})
	check(t, err)
	var bodies []string
	for _, m := range history {
		bodies = append(bodies, m.Body)
	}
	if !slices.Equal(bodies, []string{"one", "two", "three", "four", "five"}) {
		t.Errorf("history %q", bodies)
	}
	waiting, err := s.Pending(t.Context(), bob, 0, 10)
	if len(waiting) != 2 || err != nil {
		t.Errorf("pending %+v, %v; want the two that were written here", waiting, err)
	}
}

func TestPageHasWhatIsHiddenToo(t *testing.T) {
	s := openTest(t)
	group := wire.GroupID{7}
	_, err := s.AcceptAll(t.Context(), noon,
		Draft{To: bob, ID: wire.MessageID{1}, Kind: wire.KindText, Body: "all", Group: group},
		Draft{To: carol, ID: wire.MessageID{1}, Kind: wire.KindText, Body: "all", Group: group, Hidden: true})
	check(t, err)
	all := everything(t, s)
	if len(all) != 2 || !all[1].Hidden {
		t.Errorf("got %+v", all)
	}
	page, err := s.Page(t.Context(), &carol, 0, 10)
	if len(page) != 1 || page[0].Peer != carol || err != nil {
		t.Errorf("carol's page: %+v, %v", page, err)
	}
	page, err = s.Page(t.Context(), nil, all[0].Row, 1)
	if len(page) != 1 || page[0].Row != all[1].Row || err != nil {
		t.Errorf("second page: %+v, %v", page, err)
	}
	other := openTest(t)
	imports(t, other, all, false, ImportCount{Added: 2})
	if got := everything(t, other); !got[1].Hidden || got[1].Group != group {
		t.Errorf("imported %+v", got)
	}
}

package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

// editing returns an edit as an item's payload.
func editing(t *testing.T, edit wire.Edit) []byte {
	t.Helper()
	body, err := edit.AppendBody(nil)
	check(t, err)
	return body
}

// receiveEdit has peer change one of its texts with the message of sequence seq.
func receiveEdit(t *testing.T, s *Store, peer wire.Key, seq uint64, edit wire.Edit) {
	t.Helper()
	at := noon.Add(time.Duration(seq) * time.Minute)
	_, fresh, err := s.Receive(t.Context(), peer,
		Incoming{ID: newID(), Seq: seq, SentAt: at, Kind: wire.KindEdit, Payload: editing(t, edit), Hidden: true}, at, "direct")
	if check(t, err); !fresh {
		t.Fatal("the edit is not fresh")
	}
}

// acceptEdit changes a text of ours with all the peers that got it.
func acceptEdit(t *testing.T, s *Store, edit wire.Edit, peers ...wire.Key) []Message {
	t.Helper()
	var drafts []Draft
	for _, peer := range peers {
		drafts = append(drafts, Draft{To: peer, ID: newID(), Kind: wire.KindEdit, Payload: editing(t, edit), Hidden: true})
	}
	return acceptAll(t, s, drafts...)
}

func TestTheLastEditInTheAuthorsOrderHolds(t *testing.T) {
	said := wire.MessageID{1}
	change := func(body string) wire.Edit { return wire.Edit{ID: said, Body: body} }
	unsend := wire.Edit{ID: said, Unsend: true}
	type step struct {
		seq  uint64
		edit wire.Edit
	}
	for name, test := range map[string]struct {
		steps          []step
		want           string
		edited, unsent int // the sequence of the edit that says so
	}{
		"none":                     {nil, "first", 0, 0},
		"one":                      {[]step{{2, change("second")}}, "second", 2, 0},
		"two":                      {[]step{{2, change("second")}, {3, change("third")}}, "third", 3, 0},
		"two in another order":     {[]step{{3, change("third")}, {2, change("second")}}, "third", 3, 0},
		"taken back":               {[]step{{2, unsend}}, "", 0, 2},
		"changed, then taken back": {[]step{{2, change("second")}, {3, unsend}}, "", 2, 3},
		"taken back, then changed": {[]step{{2, unsend}, {3, change("third")}}, "", 0, 2},
		"taken back before the change, told late": {[]step{{3, change("third")}, {2, unsend}}, "", 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			_, _, err := s.Receive(t.Context(), bob, IncomingText(wire.Text{ID: said, Seq: 1, SentAt: noon, Body: "first"}), noon, "direct")
			check(t, err)
			for _, step := range test.steps {
				receiveEdit(t, s, bob, step.seq, step.edit)
			}
			m, err := s.Received(t.Context(), bob, said)
			if err != nil || m.Body != test.want || !m.EditedAt.Equal(after(test.edited)) || !m.UnsentAt.Equal(after(test.unsent)) {
				t.Errorf("the text is %q, edited %s, taken back %s, %v", m.Body, m.EditedAt, m.UnsentAt, err)
			}
			if unread, err := s.Unread(t.Context()); err != nil || m.State != Unread || unread[bob] != 1 {
				t.Errorf("the text is %s and %d messages are unread (%v), but it is the one that nobody has read", m.State, unread[bob], err)
			}
		})
	}
}

// after is the time of the edit with sequence seq; zero for 0.
func after(seq int) time.Time {
	if seq == 0 {
		return time.Time{}
	}
	return noon.Add(time.Duration(seq) * time.Minute)
}

func TestNobodyChangesWhatAnotherSaid(t *testing.T) {
	s := openTest(t)
	ours, bobs := accept(t, s, bob, "ours"), receive(t, s, bob, 1, "bob's")
	for _, id := range []wire.MessageID{ours.ID, bobs.ID} {
		receiveEdit(t, s, carol, uint64(id[0])+1, wire.Edit{ID: id, Body: "carol was here"})
	}
	receiveEdit(t, s, bob, 2, wire.Edit{ID: ours.ID, Unsend: true})
	acceptEdit(t, s, wire.Edit{ID: bobs.ID, Unsend: true}, bob)
	messages, err := s.Messages(t.Context(), Filter{})
	if check(t, err); !slices.Equal(bodies(messages), []string{"ours", "bob's"}) {
		t.Errorf("the history is %q", bodies(messages))
	}
}

func TestAnEditOfWhatIsNoTextOrNotThereHasNoEffect(t *testing.T) {
	s := openTest(t)
	item := Incoming{ID: newID(), Seq: 1, SentAt: noon, Kind: 200, Body: "an offer"}
	_, _, err := s.Receive(t.Context(), bob, item, noon, "direct")
	check(t, err)
	receiveEdit(t, s, bob, 2, wire.Edit{ID: item.ID, Body: "something else"})
	receiveEdit(t, s, bob, 3, wire.Edit{ID: newID(), Body: "something else"})
	garbled := Incoming{ID: newID(), Seq: 4, SentAt: noon, Kind: wire.KindEdit, Payload: []byte("no edit"), Hidden: true}
	_, _, err = s.Receive(t.Context(), bob, garbled, noon, "direct")
	check(t, err)
	messages, err := s.Messages(t.Context(), Filter{})
	if check(t, err); !slices.Equal(bodies(messages), []string{"an offer"}) {
		t.Errorf("the history is %q", bodies(messages))
	}
	if _, err := s.Received(t.Context(), carol, item.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("carol's message with bob's id: %v", err)
	}
}

func TestAnEditOfOursReachesEveryCopyAndWhatStillWaits(t *testing.T) {
	s := openTest(t)
	group, id := wire.GroupID{7}, newID()
	acceptAll(t, s,
		Draft{To: alice, ID: id, Kind: wire.KindText, Body: "first", Group: group},
		Draft{To: bob, ID: id, Kind: wire.KindText, Body: "first", Group: group, Hidden: true})
	acceptEdit(t, s, wire.Edit{ID: id, Body: "second"}, alice, bob)
	acceptEdit(t, s, wire.Edit{ID: id, Body: "third"}, alice, bob)
	for _, peer := range []wire.Key{alice, bob} {
		pending, err := s.Pending(t.Context(), peer, 0, 10)
		if check(t, err); len(pending) != 3 || pending[0].Body != "third" {
			t.Fatalf("pending: %+v", pending)
		}
		want := string(editing(t, wire.Edit{ID: id, Body: "third"}))
		if pending[1].Payload != want || pending[2].Payload != want {
			t.Errorf("the edits that wait are %q and %q, want %q", pending[1].Payload, pending[2].Payload, want)
		}
	}
}

// TestWhatWasTakenBackIsNowhere looks for the texts in the files themselves.
func TestWhatWasTakenBackIsNowhere(t *testing.T) {
	dir := t.TempDir()
	s := reopen(t, dir)
	id, bobs := newID(), wire.MessageID{1}
	acceptAll(t, s, Draft{To: bob, ID: id, Kind: wire.KindText, Body: "regret number one"})
	acceptEdit(t, s, wire.Edit{ID: id, Body: "regret number two"}, bob)
	acceptEdit(t, s, wire.Edit{ID: id, Unsend: true}, bob)
	_, _, err := s.Receive(t.Context(), bob, IncomingText(wire.Text{ID: bobs, Seq: 1, SentAt: noon, Body: "regret number three"}), noon, "direct")
	check(t, err)
	receiveEdit(t, s, bob, 2, wire.Edit{ID: bobs, Body: "regret number four"})
	receiveEdit(t, s, bob, 3, wire.Edit{ID: bobs, Unsend: true})
	check(t, s.Close()) // and the write-ahead log is in the file
	content, err := os.ReadFile(filepath.Join(dir, fileName))
	check(t, err)
	if i := bytes.Index(content, []byte("regret number")); i >= 0 {
		t.Errorf("the file still holds %q", content[i:i+24])
	}
}

func TestSearchFindsTheNewWordsOnly(t *testing.T) {
	s := openTest(t)
	bobs, taken, ours := receive(t, s, bob, 1, "我们用即时聊天吧"), receive(t, s, bob, 2, "即时聊天 forever"), accept(t, s, bob, "meet at seven")
	find := func(text string) []string { return searched(t, s, Search{Texts: []string{text}}) }
	if got := find("即时聊天"); len(got) != 2 {
		t.Fatalf("found %q", got)
	}
	receiveEdit(t, s, bob, 3, wire.Edit{ID: bobs.ID, Body: "我们打电话吧"})
	receiveEdit(t, s, bob, 4, wire.Edit{ID: taken.ID, Unsend: true})
	acceptEdit(t, s, wire.Edit{ID: ours.ID, Body: "meet at eight"}, bob)
	for text, want := range map[string][]string{
		"即时聊天": {}, "聊天": {}, "forever": {}, "打电话": {"我们打电话吧"}, "电话": {"我们打电话吧"},
		"seven": {}, "eight": {"meet at eight"}, "ev": {},
	} {
		if got := find(text); !slices.Equal(got, want) {
			t.Errorf("%s finds %q, want %q", text, got, want)
		}
	}
}

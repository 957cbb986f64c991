package peer

import (
	"context"
	"slices"
	"testing"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// settled makes sure that everything said so far has arrived: what is said now
// comes behind it.
func (c *circle) settled(from *Daemon, to string) {
	c.t.Helper()
	c.send(from, to, "the end")
}

func TestAnEditReachesWhoHasTheText(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	ours, theirs := alice.Subscribe(c.guard(), api.TypeEdit), bob.Subscribe(c.guard(), api.TypeEdit)
	sent := c.send(alice, "bob", "at seven")
	edited, err := alice.Edit(t.Context(), api.EditRequest{ID: sent.ID, Text: "at eight"})
	if err != nil || edited.Text != "at eight" || edited.EditedAt.IsZero() || !edited.Outgoing || edited.State != api.StateDelivered {
		t.Fatalf("edit: %+v, %v", edited, err)
	}
	if e, ok := (<-ours).(api.Edit); !ok || e.ID != sent.ID || e.Text != "at eight" {
		t.Errorf("our own subscribers are told %+v", e)
	}
	e, ok := (<-theirs).(api.Edit)
	if !ok || e.ID != sent.ID || e.Text != "at eight" || e.From != "alice" || e.Outgoing || !e.EditedAt.Equal(edited.EditedAt.Time) {
		t.Errorf("bob's subscribers are told %+v", e)
	}
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"at eight"}) {
		t.Errorf("bob has %q", got)
	}
	if _, err := alice.Edit(t.Context(), api.EditRequest{ID: "last", Unsend: true}); err != nil {
		t.Fatal(err)
	}
	if e, ok := (<-theirs).(api.Edit); !ok || e.ID != sent.ID || e.Text != "" || !e.Unsent {
		t.Errorf("bob's subscribers are told %+v", e)
	}
	rows, err := bob.Read(t.Context(), api.ReadRequest{Unread: true})
	if err != nil || len(rows) != 1 || !rows[0].Unsent || rows[0].Text != "" {
		t.Errorf("unread is %+v, %v", rows, err)
	}
	_, err = alice.Edit(t.Context(), api.EditRequest{ID: sent.ID, Text: "after all"})
	wantCode(t, err, api.CodeUnsent)
}

func TestWhatWasChangedBeforeItWasSentArrivesAsItIs(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.startAt("bob", dir)
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"regret", "at seven"} {
		if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: text}); err != nil {
			t.Fatal(err)
		}
		if text == "regret" {
			if _, err := alice.Edit(t.Context(), api.EditRequest{ID: "last", Text: "more regret"}); err != nil {
				t.Fatal(err)
			}
			if _, err := alice.Edit(t.Context(), api.EditRequest{ID: "last", Unsend: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := alice.Edit(t.Context(), api.EditRequest{ID: "last", Text: "at eight"}); err != nil {
		t.Fatal(err)
	}
	if err := alice.Close(); err != nil { // so that nothing comes before somebody looks
		t.Fatal(err)
	}
	back := c.startAt("bob", dir)
	shown := back.Subscribe(c.guard(), api.TypeMessage)
	c.settled(c.joinAt("alice", alice.config.StateDir), "bob")
	if got := texts(t, back, "alice"); !slices.Equal(got, []string{"hello", "at eight", "the end"}) {
		t.Errorf("bob has %q", got)
	}
	for _, want := range []string{"at eight", "the end"} {
		if m, ok := (<-shown).(api.Message); !ok || m.Text != want {
			t.Errorf("bob is shown %q, want %q", m.Text, want)
		}
	}
	messages, err := back.store.Messages(t.Context(), store.Filter{})
	if err != nil || len(messages) != 3 {
		t.Errorf("bob's history is %+v, %v", messages, err)
	}
}

// TestARecipientWhoHasTheTextAlready is the case of a receipt that was lost: what
// is sent again is not what the recipient has.
func TestARecipientWhoHasTheTextAlreadyGetsTheLastOneToo(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.startAt("bob", dir)
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, text := range []string{"at seven", "regret"} {
		sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, sent.ID)
	}
	pending, err := alice.store.Pending(t.Context(), bob.Key(), 0, 10)
	if err != nil || len(pending) != 2 {
		t.Fatalf("pending: %+v, %v", pending, err)
	}
	has, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range pending {
		text := wire.Text{ID: m.ID, Seq: m.Seq, SentAt: m.SentAt, Body: m.Body}
		if _, _, err := has.Receive(t.Context(), alice.Key(), store.IncomingText(text), time.Now(), "relay"); err != nil {
			t.Fatal(err)
		}
	}
	if err := has.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Edit(t.Context(), api.EditRequest{ID: ids[0], Text: "at eight"}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Edit(t.Context(), api.EditRequest{ID: ids[1], Unsend: true}); err != nil {
		t.Fatal(err)
	}
	back := c.startAt("bob", dir)
	c.settled(alice, "bob")
	if got := texts(t, back, "alice"); !slices.Equal(got, []string{"hello", "at eight", "", "the end"}) {
		t.Errorf("bob has %q", got)
	}
}

func TestWhatCannotBeEdited(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(bob, "alice")
	theirs := c.send(bob, "alice", "bob's")
	_, err := alice.Edit(t.Context(), api.EditRequest{ID: "last", Unsend: true})
	wantCode(t, err, api.CodeNoSuchMessage) // nothing was sent yet
	ours := c.send(alice, "bob", "ours")
	for name, test := range map[string]struct {
		request api.EditRequest
		want    api.Code
	}{
		"a peer's":           {api.EditRequest{ID: theirs.ID, Text: "x"}, api.CodeNotOurs},
		"a peer's, in short": {api.EditRequest{ID: theirs.ID[20:], Unsend: true}, api.CodeNotOurs},
		"nobody's":           {api.EditRequest{ID: "aaaaaa", Text: "x"}, api.CodeNoSuchMessage},
		"to nothing":         {api.EditRequest{ID: ours.ID}, api.CodeUsage},
		"to what is no text": {api.EditRequest{ID: ours.ID, Text: "\xff"}, api.CodeUsage},
		"to too much":        {api.EditRequest{ID: ours.ID, Text: string(make([]byte, wire.MaxText+1))}, api.CodeUsage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alice.Edit(t.Context(), test.request)
			wantCode(t, err, test.want)
		})
	}
	_, err = alice.Receipts(t.Context(), theirs.ID)
	wantCode(t, err, api.CodeNotOurs)
}

func TestAnEditReachesEveryMemberOfAGroup(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	c.group(alice, "friends", bob, carol)
	sent := c.send(alice, "@friends", "at seven")
	edits := map[*Daemon]<-chan api.Event{bob: bob.Subscribe(c.guard(), api.TypeEdit), carol: carol.Subscribe(c.guard(), api.TypeEdit)}
	edited, err := alice.Edit(t.Context(), api.EditRequest{ID: "last", Text: "at eight"})
	if err != nil || edited.To != "@friends" || edited.Text != "at eight" {
		t.Fatalf("edit: %+v, %v", edited, err)
	}
	for _, edit := range edits {
		if e, ok := (<-edit).(api.Edit); !ok || e.ID != sent.ID || e.Text != "at eight" || e.Group != "@friends" {
			t.Errorf("a member is told %+v", e)
		}
	}
	rows, err := alice.Receipts(t.Context(), sent.ID)
	if err != nil || len(rows) != 2 || rows[0].To != "bob" || rows[1].To != "carol" {
		t.Fatalf("receipts: %+v, %v", rows, err)
	}
	for _, row := range rows {
		if row.Group != "@friends" || row.State != api.StateDelivered || row.DeliveredAt.IsZero() || row.Path == api.PathNone {
			t.Errorf("receipt: %+v", row)
		}
	}
}

func TestAGroupMessageIsDeliveredWhenAllHaveIt(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	c.group(alice, "friends", bob, carol)
	if err := carol.Close(); err != nil {
		t.Fatal(err)
	}
	sent, err := alice.Send(t.Context(), api.SendRequest{To: "@friends", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	c.await("bob has it", func() bool { return slices.Contains(texts(t, bob, "@friends"), "hello") })
	c.await("alice knows that bob has it", func() bool {
		rows, err := alice.Receipts(t.Context(), sent.ID)
		return err == nil && len(rows) == 2 && rows[0].State == api.StateDelivered && rows[1].State != api.StateDelivered
	})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if row, err := alice.WaitMessage(ended, sent.ID, api.StateDelivered); err != nil || row.State.Reached(api.StateDelivered) {
		t.Errorf("the message is %+v, %v, but carol is away", row, err)
	}
	if got, rows := history(t, alice, api.HistoryRequest{With: "@friends", Limit: 10}); len(got) != 1 || rows[0].State.Reached(api.StateDelivered) {
		t.Errorf("the history says %+v", rows)
	}
}

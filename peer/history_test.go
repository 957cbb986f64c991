package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
)

func history(t *testing.T, d *Daemon, request api.HistoryRequest) (texts []string, rows []api.Message) {
	t.Helper()
	rows, err := d.History(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		texts = append(texts, row.Text)
	}
	return texts, rows
}

func TestHistoryHasBothSidesInTheOrderOfTime(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.send(alice, "bob", "one")
	c.send(bob, "alice", "two")
	c.send(alice, "bob", "three")

	got, rows := history(t, alice, api.HistoryRequest{With: "bob", Limit: 10})
	if !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Fatalf("the history is %q", got)
	}
	if m := rows[0]; !m.Outgoing || m.From != "alice" || m.To != "bob" || m.State != api.StateDelivered || m.ReceivedAt.IsZero() {
		t.Errorf("our own is %+v", m)
	}
	if m := rows[1]; m.Outgoing || m.From != "bob" || m.FromKey != bob.Key().String() || m.State != "" {
		t.Errorf("bob's is %+v", m)
	}
	got, rows = history(t, alice, api.HistoryRequest{With: "bob", Limit: 2})
	if !slices.Equal(got, []string{"two", "three"}) {
		t.Errorf("the newest page is %q", got)
	}
	before := rows[0].ID[len(rows[0].ID)-6:] // as people type it
	if got, _ = history(t, alice, api.HistoryRequest{With: "bob", Before: before, Limit: 2}); !slices.Equal(got, []string{"one"}) {
		t.Errorf("the page before is %q", got)
	}
	if got, _ = history(t, alice, api.HistoryRequest{Limit: 10}); len(got) != 3 {
		t.Errorf("all conversations have %q", got)
	}
}

func TestHistoryBeforeNothingOrWithNobodyIsRefused(t *testing.T) {
	alice := newCircle(t).join("alice")
	_, err := alice.History(t.Context(), api.HistoryRequest{With: "nobody", Limit: 1})
	wantCode(t, err, api.CodeNoSuchPeer)
	for _, ref := range []string{"x", "last", "aaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaai"} {
		_, err = alice.History(t.Context(), api.HistoryRequest{Before: ref, Limit: 1})
		wantCode(t, err, api.CodeNoSuchMessage)
	}
}

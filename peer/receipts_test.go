package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
)

func TestSubscribersSeeWhatBecomesOfOurMessages(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	ctx := c.guard()
	accepted, receipts := alice.Subscribe(ctx, api.TypeSent), alice.Subscribe(ctx, api.TypeReceipt)
	sent := c.send(alice, "bob", "hello")
	if _, err := alice.Send(ctx, api.SendRequest{To: "bob", Text: "hello", ID: sent.ID}); err != nil {
		t.Fatal(err)
	}
	if err := bob.MarkRead(ctx, api.ReadMark{UpTo: sent.ID, Receipt: true}); err != nil {
		t.Fatal(err)
	}
	var states []api.State
	for !slices.Contains(states, api.StateRead) || !slices.Contains(states, api.StateDelivered) { // in any order
		receipt, ok := (<-receipts).(api.Receipt)
		if !ok || receipt.ID != sent.ID || receipt.To != "bob" || receipt.ToKey != bob.Key().String() || receipt.At.IsZero() {
			t.Fatalf("receipt: %+v, after the states %s", receipt, states)
		}
		states = append(states, receipt.State)
	}

	c.send(alice, "bob", "again")
	for _, want := range []string{"hello", "again"} { // the repeated request is no message
		if m, ok := (<-accepted).(api.Accepted); !ok || m.Text != want || !m.Outgoing || m.To != "bob" {
			t.Errorf("accepted: %+v, want %q", m, want)
		}
	}
}

package api_test

import (
	"testing"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// nextEvent returns the next event of a subscription.
func nextEvent(t *testing.T, events *api.Events) api.Event {
	t.Helper()
	for event, err := range events.All() {
		if err != nil {
			t.Fatal(err)
		}
		return event
	}
	panic("unreachable: All ends with an error")
}

func TestWhatBecomesOfOurMessagesIsToldToWhoAsksForIt(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	events := make(map[api.EventType]*api.Events)
	for _, wanted := range []api.EventType{api.TypeSent, api.TypeReceipt} {
		subscription, err := c.Events(ctx, wanted)
		if err != nil {
			t.Fatal(err)
		}
		defer subscription.Close()
		events[wanted] = subscription
	}
	sent, err := c.Send(ctx, api.SendRequest{To: "bob", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	accepted, ok := nextEvent(t, events[api.TypeSent]).(api.Accepted)
	if !ok || accepted.ID != sent.ID || accepted.Text != "hello" || !accepted.Outgoing || accepted.State != api.StateQueued {
		t.Errorf("accepted: %+v", accepted)
	}
	receipt, ok := nextEvent(t, events[api.TypeReceipt]).(api.Receipt)
	if !ok || receipt.ID != sent.ID || receipt.To != "bob" || receipt.State != api.StateDelivered {
		t.Errorf("receipt: %+v", receipt)
	}
}

func TestASubscriptionThatNamesNoTypesGetsWhatComesFromOutside(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	events, err := c.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	if _, err := c.Send(ctx, api.SendRequest{To: "bob", Text: "hello"}); err != nil {
		t.Fatal(err)
	}
	daemon.Receive("bob", "hi")
	if m, ok := nextEvent(t, events).(api.Message); !ok || m.Text != "hi" {
		t.Errorf("the first event is %+v, want bob's message", m)
	}
}

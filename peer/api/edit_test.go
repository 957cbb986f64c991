package api_test

import (
	"strings"
	"testing"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

func TestAnEditArrivesAsItWasMeant(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	events, err := c.Events(ctx, api.TypeEdit)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	sent, err := c.Send(ctx, api.SendRequest{To: "bob", Text: "at seven"})
	if err != nil {
		t.Fatal(err)
	}
	edited, err := c.Edit(ctx, api.EditRequest{ID: sent.ID, Text: "八点 & \"nine\""})
	if err != nil || edited.ID != sent.ID || edited.Text != "八点 & \"nine\"" || edited.EditedAt.IsZero() || edited.Unsent {
		t.Errorf("edited: %+v, %v", edited, err)
	}
	if e, ok := nextEvent(t, events).(api.Edit); !ok || e.Message != edited {
		t.Errorf("told: %+v, want %+v", e.Message, edited)
	}
	unsent, err := c.Edit(ctx, api.EditRequest{ID: "last", Unsend: true})
	if err != nil || unsent.Text != "" || !unsent.Unsent {
		t.Errorf("unsent: %+v, %v", unsent, err)
	}
	receipts, err := c.Receipts(ctx, "last")
	if err != nil || len(receipts) != 1 || receipts[0].To != "bob" || receipts[0].State != api.StateDelivered || receipts[0].DeliveredAt.IsZero() {
		t.Errorf("receipts: %+v, %v", receipts, err)
	}
}

func TestAnEditThatCannotBeIsRefused(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c := client(t, socket)
	daemon.Receive("bob", "bob's")
	received, err := c.History(guarded(t), api.HistoryRequest{Limit: 1})
	if err != nil || len(received) != 1 {
		t.Fatalf("history: %+v, %v", received, err)
	}
	for name, test := range map[string]struct {
		request api.EditRequest
		want    api.Code
	}{
		"nothing new":        {api.EditRequest{ID: "last"}, api.CodeUsage},
		"both":               {api.EditRequest{ID: "last", Text: "x", Unsend: true}, api.CodeUsage},
		"too long":           {api.EditRequest{ID: "last", Text: strings.Repeat("x", api.MaxText+1)}, api.CodeUsage},
		"a peer's":           {api.EditRequest{ID: received[0].ID, Unsend: true}, api.CodeNotOurs},
		"what nobody called": {api.EditRequest{ID: "x/y?", Unsend: true}, api.CodeNoSuchMessage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Edit(guarded(t), test.request)
			wantCode(t, err, test.want)
		})
	}
	_, err = c.Receipts(guarded(t), "x/y?")
	wantCode(t, err, api.CodeNoSuchMessage)
}

package api_test

import (
	"testing"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

func TestTheHistoryIsPagedFromItsEnd(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	daemon.Receive("bob", "one")
	if _, err := c.Send(ctx, api.SendRequest{To: "bob", Text: "two"}); err != nil {
		t.Fatal(err)
	}
	daemon.Receive("nas", "to be left out")
	daemon.Receive("bob", "three & more")

	newest, err := c.History(ctx, api.HistoryRequest{With: "bob", Limit: 2})
	if err != nil || len(newest) != 2 || newest[0].Text != "two" || newest[1].Text != "three & more" {
		t.Fatalf("the newest page is %+v, %v", newest, err)
	}
	if !newest[0].Outgoing || newest[0].State != api.StateDelivered || newest[1].State != "" {
		t.Errorf("ours is in state %q, bob's in %q", newest[0].State, newest[1].State)
	}
	older, err := c.History(ctx, api.HistoryRequest{With: "bob", Before: newest[0].ID, Limit: 2})
	if err != nil || len(older) != 1 || older[0].Text != "one" {
		t.Errorf("the page before is %+v, %v", older, err)
	}
	if all, err := c.History(ctx, api.HistoryRequest{Limit: 1000}); err != nil || len(all) != 4 {
		t.Errorf("all conversations have %d messages, %v", len(all), err)
	}
}

func TestAHistoryThatCannotBeIsRefused(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	c := client(t, socket)
	for name, test := range map[string]struct {
		request api.HistoryRequest
		want    api.Code
	}{
		"no limit":        {api.HistoryRequest{}, api.CodeUsage},
		"too large limit": {api.HistoryRequest{Limit: 1001}, api.CodeUsage},
		"nobody":          {api.HistoryRequest{With: "nobody", Limit: 1}, api.CodeNoSuchPeer},
		"before nothing":  {api.HistoryRequest{Before: "x", Limit: 1}, api.CodeNoSuchMessage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.History(guarded(t), test.request)
			wantCode(t, err, test.want)
		})
	}
}

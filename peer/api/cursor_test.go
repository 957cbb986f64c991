package api_test

import (
	"strings"
	"testing"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

func TestACursorGivesEachMessageUntilItHasPassed(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	request := api.CursorRequest{Name: "../hook & 聊天", Limit: 2}
	after := func(want ...string) []api.Message {
		t.Helper()
		got, err := c.AfterCursor(ctx, request)
		if err != nil || len(got) != len(want) {
			t.Fatalf("got %d messages, error %v, want %q", len(got), err, want)
		}
		for i, m := range got {
			if m.Text != want[i] {
				t.Errorf("message %d is %q, want %q", i, m.Text, want[i])
			}
		}
		return got
	}
	daemon.Receive("bob", "zero")
	after()
	for _, text := range []string{"one", "two", "three"} {
		daemon.Receive("bob", text)
	}
	after("one", "two")
	page := after("one", "two")
	if err := c.AdvanceCursor(ctx, api.CursorAdvance{Name: request.Name, UpTo: page[1].ID}); err != nil {
		t.Fatal(err)
	}
	after("three")
}

func TestACursorThatCannotBeIsAUsageError(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	c := client(t, socket)
	for name, request := range map[string]api.CursorRequest{
		"no name":         {Limit: 1},
		"a long name":     {Name: strings.Repeat("x", 129), Limit: 1},
		"a hostile name":  {Name: "a\x1b[2J", Limit: 1},
		"no UTF-8":        {Name: "\xff", Limit: 1},
		"no limit":        {Name: "hook"},
		"too large limit": {Name: "hook", Limit: 1001},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.AfterCursor(guarded(t), request)
			wantCode(t, err, api.CodeUsage)
		})
	}
	wantCode(t, c.AdvanceCursor(guarded(t), api.CursorAdvance{UpTo: "x"}), api.CodeUsage)
}

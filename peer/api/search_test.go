package api_test

import (
	"strings"
	"testing"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

func TestWhatIsSearchedForArrivesAsItIs(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	c, ctx := client(t, socket), guarded(t)
	const said = `即时聊天 & "100%" + a=b;c #7?`
	daemon.Receive("bob", said)
	daemon.Receive("nas", said)
	daemon.Receive("bob", "something else")
	if _, err := c.Send(ctx, api.SendRequest{To: "bob", Text: said}); err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string]api.SearchRequest{
		"one text":   {Texts: []string{said}, Limit: 10},
		"two texts":  {Texts: []string{"聊天", "+ a=b;c #7?"}, Limit: 10},
		"one peer":   {Texts: []string{"聊天"}, Peer: "bob", Limit: 10},
		"one result": {Texts: []string{"聊天"}, Limit: 1},
		"nothing":    {Texts: []string{"熊猫"}, Limit: 10},
	} {
		t.Run(name, func(t *testing.T) {
			want, _ := daemon.Search(ctx, request)
			got, err := c.Search(ctx, request)
			if len(got) != len(want) {
				t.Fatalf("got %d rows, want %d", len(got), len(want))
			}
			for i := range got {
				same(t, "message", got[i], want[i], err)
			}
		})
	}
}

func TestASearchThatCannotBeIsAUsageError(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	c := client(t, socket)
	for name, request := range map[string]api.SearchRequest{
		"no text":      {Limit: 10},
		"an empty one": {Texts: []string{"hello", ""}, Limit: 10},
		"no UTF-8":     {Texts: []string{"\xff\xfe"}, Limit: 10},
		"a NUL":        {Texts: []string{"hello\x00there"}, Limit: 10},
		"too long":     {Texts: []string{strings.Repeat("聊", api.MaxSearch/2)}, Limit: 10},
		"no limit":     {Texts: []string{"hello"}},
		"a negative":   {Texts: []string{"hello"}, Limit: -1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Search(guarded(t), request)
			wantCode(t, err, api.CodeUsage)
		})
	}
	t.Run("as long as can be", func(t *testing.T) {
		if _, err := c.Search(guarded(t), api.SearchRequest{Texts: []string{strings.Repeat("x", api.MaxSearch)}, Limit: 1}); err != nil {
			t.Error(err)
		}
	})
}

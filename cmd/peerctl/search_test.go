package main

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"peerd/internal/exitcode"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// searched is a daemon that says what it was asked to look for.
type searched struct {
	*apitest.Daemon
	requests chan api.SearchRequest
}

func (s searched) Search(_ context.Context, request api.SearchRequest) ([]api.Message, error) {
	s.requests <- request
	return nil, nil
}

func TestASearchIsInTheConversationThatIsNamed(t *testing.T) {
	daemon := searched{apitest.Circle(), make(chan api.SearchRequest, 1)}
	if _, err := daemon.CreateGroup(t.Context(), api.GroupRequest{Name: "crew", Members: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	socket := apitest.Serve(t, daemon)
	for line, want := range map[string]api.SearchRequest{
		"@crew harbour":   {Peer: "@crew", Texts: []string{"harbour"}},
		"@nobody harbour": {Texts: []string{"@nobody", "harbour"}},
		"@crew":           {Texts: []string{"@crew"}},
	} {
		var out, said bytes.Buffer
		args := append([]string{"--socket", socket, "search"}, strings.Fields(line)...)
		if code := run(t.Context(), args, stdio{strings.NewReader(""), &out, &said}); code != exitcode.OK {
			t.Fatalf("search %s: exit code %d, %s", line, code, &said)
		}
		if got := <-daemon.requests; got.Peer != want.Peer || !slices.Equal(got.Texts, want.Texts) {
			t.Errorf("search %s asked for %+v, want %+v", line, got, want)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"peerd/internal/exitcode"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// comings is a daemon on which bob comes online, and cursors must not begin.
type comings struct {
	*apitest.Daemon
	t *testing.T
}

func (c comings) Subscribe(ctx context.Context, _ ...api.EventType) <-chan api.Event {
	events := make(chan api.Event, 1)
	events <- api.Presence{Name: "bob", Online: true}
	context.AfterFunc(ctx, func() { close(events) })
	return events
}

func (c comings) AfterCursor(_ context.Context, request api.CursorRequest) ([]api.Message, error) {
	c.t.Errorf("the cursor %q was looked at", request.Name)
	return nil, nil
}

func TestAHookWithoutMessagesBeginsNoCursor(t *testing.T) {
	var out, said bytes.Buffer
	args := []string{"--socket", apitest.Serve(t, comings{apitest.Circle(), t}), "watch", "--type", "presence", "--count", "1", "--exec", "cat"}
	if code := run(t.Context(), args, stdio{strings.NewReader(""), &out, &said}); code != exitcode.OK || !strings.Contains(out.String(), `"name":"bob"`) {
		t.Errorf("exit code %d, the hook got %q, said %q", code, &out, &said)
	}
}

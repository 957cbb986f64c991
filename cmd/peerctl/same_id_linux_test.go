package main

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// sameID is a daemon to which two members of a group have sent messages with one id: the
// second is not hers who wrote the first.
type sameID struct {
	*apitest.Daemon
	first, second api.Message

	mu   sync.Mutex
	done int // messages that the cursor has passed
}

func newSameID() *sameID {
	id := strings.Repeat("a", 26)
	said := func(from, text string) api.Message {
		return api.Message{ID: id, From: from, FromKey: "key of " + from, To: "alice", Text: text, Path: api.PathRelay}
	}
	return &sameID{Daemon: apitest.Circle(), first: said("mallory", "first"), second: said("bob", "second")}
}

func (d *sameID) Read(context.Context, api.ReadRequest) ([]api.Message, error) {
	return []api.Message{d.first}, nil
}

func (d *sameID) MarkRead(context.Context, api.ReadMark) error { return nil }

func (d *sameID) Subscribe(ctx context.Context, _ ...api.EventType) <-chan api.Event {
	events := make(chan api.Event, 1)
	events <- d.second
	context.AfterFunc(ctx, func() { close(events) })
	return events
}

func (d *sameID) AfterCursor(context.Context, api.CursorRequest) ([]api.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return []api.Message{d.first, d.second}[d.done:], nil
}

func (d *sameID) AdvanceCursor(context.Context, api.CursorAdvance) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done++
	return nil
}

// enough interrupts a command when it has written a word.
type enough struct {
	bytes.Buffer
	word      string
	interrupt context.CancelFunc
}

func (e *enough) Write(b []byte) (int, error) {
	n, err := e.Buffer.Write(b)
	if strings.Contains(e.String(), e.word) {
		e.interrupt()
	}
	return n, err
}

func TestAnIdUsedTwiceHidesNothingFromWhoReads(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	out := &enough{word: "second", interrupt: cancel}
	run(ctx, []string{"--socket", apitest.Serve(t, newSameID()), "read", "--follow"}, stdio{in: strings.NewReader(""), out: out, err: new(bytes.Buffer)})
	if shown := out.String(); !strings.Contains(shown, "mallory  first") || !strings.Contains(shown, "bob  second") {
		t.Errorf("shown was %q", shown)
	}
}

func TestAnIdUsedTwiceHidesNothingFromAHook(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	args := []string{"--socket", apitest.Serve(t, newSameID()), "watch", "--type", "message", "--count", "2", "--exec", shell, "--", "-c", "cat"}
	code := run(t.Context(), args, stdio{in: strings.NewReader(""), out: &out, err: new(bytes.Buffer)})
	if shown := out.String(); code != 0 || !strings.Contains(shown, `"first"`) || !strings.Contains(shown, `"second"`) {
		t.Errorf("exit code %d, the hook got %q", code, shown)
	}
}

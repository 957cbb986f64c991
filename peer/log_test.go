package peer

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/rs/zerolog"
)

// lockedBuffer collects log lines from any goroutine.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

// event returns the fields of the first event with this message.
func (b *lockedBuffer) event(t *testing.T, message string) (fields map[string]any, position int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range bytes.Lines(b.text.Bytes()) {
		fields = nil
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		if fields["message"] == message {
			return fields, position
		}
		position++
	}
	return nil, -1
}

// TestLoginLogsItsSteps pins what the operator, and the figures program, read
// from the log about a login, in this order.
func TestLoginLogsItsSteps(t *testing.T) {
	c := newCircle(t)
	log := new(lockedBuffer)
	d, err := Start(Config{StateDir: t.TempDir(), Listen: "127.0.0.1:0", Name: "alice", Invite: &c.invite, Logger: zerolog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	c.await("the roster is logged", func() bool {
		_, position := log.event(t, "roster")
		return position >= 0
	})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, want := range []struct {
		message string
		field   string
		value   any
	}{
		{"dialling", "rendezvous", c.invite.Address},
		{"online", "name", "alice"},
		{"roster", "changes", float64(1)},
	} {
		fields, position := log.event(t, want.message)
		if fields[want.field] != want.value {
			t.Errorf("event %q says %v, want %s %v", want.message, fields, want.field, want.value)
		}
		order = append(order, position)
	}
	if !slices.IsSorted(order) {
		t.Errorf("the events came in the order %v", order)
	}
}

package peer

import (
	"testing"

	"peerd/peer/api"
)

func TestACursorGoesOnWhereItWasAfterARestart(t *testing.T) {
	c, dir := newCircle(t), t.TempDir()
	alice, bob := c.joinAt("alice", dir), c.join("bob")
	c.knows(bob, "alice")
	request := api.CursorRequest{Name: "hook", Limit: 10}
	after := func(d *Daemon, want ...string) []api.Message {
		t.Helper()
		got, err := d.AfterCursor(t.Context(), request)
		if err != nil || len(got) != len(want) {
			t.Fatalf("got %+v, error %v, want %q", got, err, want)
		}
		for i, m := range got {
			if m.Text != want[i] || m.From != "bob" || m.Outgoing {
				t.Errorf("message %d is %+v, want %q", i, m, want[i])
			}
		}
		return got
	}
	after(alice)
	c.send(bob, "alice", "one")
	c.send(bob, "alice", "two")
	first := after(alice, "one", "two")[0]
	if err := alice.AdvanceCursor(t.Context(), api.CursorAdvance{Name: "hook", UpTo: first.ID}); err != nil {
		t.Fatal(err)
	}
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	after(c.joinAt("alice", dir), "two")
}

func TestACursorIsAdvancedByItsNameAndAnID(t *testing.T) {
	alice := newCircle(t).join("alice")
	if _, err := alice.AfterCursor(t.Context(), api.CursorRequest{Name: "hook", Limit: 1}); err != nil {
		t.Fatal(err)
	}
	const unknown = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
	if err := alice.AdvanceCursor(t.Context(), api.CursorAdvance{Name: "hook", UpTo: unknown}); err != nil {
		t.Errorf("past a message that is not there: %v, want no change and no error", err)
	}
	wantCode(t, alice.AdvanceCursor(t.Context(), api.CursorAdvance{Name: "never used", UpTo: unknown}), api.CodeUsage)
	wantCode(t, alice.AdvanceCursor(t.Context(), api.CursorAdvance{Name: "hook", UpTo: "no id"}), api.CodeUsage)
}

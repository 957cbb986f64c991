//go:build linux

package endtoend

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// TestT07ChangedKeyGetsNothing proves that a message to somebody we know is never
// sent to another key that comes under the same name, that the user is told, and
// that after the user's word only new messages go to the new key.
func TestT07ChangedKeyGetsNothing(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	known := path(t, h.alice, "bob").Text("key")

	// Bob goes by another name now, and somebody else takes the one he had.
	h.bob.Stop()
	asRobert := natlab.Command{
		Path: filepath.Join(binaries, "peerd"),
		Args: []string{"run", "--state", filepath.Join(s.Dir(), "bob"), "--name", "robert"},
	}
	robert := h.bob.Host.Start(asRobert)
	robert.WaitLine(patience, "ready")
	impostor, err := s.Peer(lab.PublicHost("impostor", natlab.Link{}), "impostor", "--name", "bob")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "alice lists the impostor", func() bool { return lists(t, h.alice, keyOf(t, impostor)) })

	for _, wait := range []string{"stored", "delivered"} {
		result := h.alice.Ctl("send", "bob", "for bob's eyes only", "--wait", wait)
		if result.ExitCode != 4 || !strings.Contains(result.Stderr, `the key of "bob" has changed`) {
			t.Errorf("send --wait %s ended with exit %d, want 4 and the cause: %s", wait, result.ExitCode, result.Stderr)
		}
	}
	send(t, h.alice, known, "for the key I know")
	if got, want := received(t, h.bob, "alice"), []string{"hello", "for the key I know"}; !slices.Equal(got, want) {
		t.Errorf("bob received %q, want %q", got, want)
	}
	if got := received(t, impostor, "alice"); len(got) > 0 {
		t.Errorf("the impostor received %q", got)
	}

	robert.Kill()
	if result := h.alice.Ctl("send", known, "waits for the key I know", "--wait", "stored"); result.ExitCode != 0 {
		t.Fatalf("send to the old key: exit %d: %s", result.ExitCode, result.Stderr)
	}
	trust(t, h.alice, "bob", known, keyOf(t, impostor))
	send(t, h.alice, "bob", "for the key I trust now")
	if got, want := received(t, impostor, "alice"), []string{"for the key I trust now"}; !slices.Equal(got, want) {
		t.Errorf("the new bob received %q, want %q", got, want)
	}
	h.bob.Host.Start(asRobert).WaitLine(patience, "ready")
	eventually(t, "the old key gets what was written to it", func() bool {
		return slices.Contains(received(t, h.bob, "alice"), "waits for the key I know")
	})
}

// trust accepts a new key under a known name, as a script would, once a wrong
// one has been refused.
func trust(t *testing.T, p *stage.Peer, name, oldKey, newKey string) {
	t.Helper()
	if result := p.Ctl("contact", "trust", name, "--key", oldKey); result.ExitCode != 4 {
		t.Errorf("trusting another key than the one offered ended with exit %d, want 4", result.ExitCode)
	}
	result := p.Ctl("contact", "trust", name, "--key", newKey)
	if result.ExitCode != 0 {
		t.Fatalf("trust: exit %d: %s", result.ExitCode, result.Stderr)
	}
	for _, said := range []string{"old key  " + oldKey, "new key  " + newKey, "wait for the old key: 1"} {
		if !strings.Contains(result.Stderr, said) {
			t.Errorf("trust does not say %q: %s", said, result.Stderr)
		}
	}
}

func keyOf(t *testing.T, p *stage.Peer) string {
	t.Helper()
	client := p.Client()
	defer client.Close()
	status, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return status.Key
}

// lists reports whether a peer lists a key as online.
func lists(t *testing.T, p *stage.Peer, key string) bool {
	t.Helper()
	rows, _, err := p.Rows("peers", "--online")
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(rows, func(row stage.Row) bool { return row.Text("key") == key })
}

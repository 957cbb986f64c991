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

// TestKeyBehindANameChanges proves that a message to somebody we know is never
// sent to another key that comes under the same name, and that the user is told.
func TestKeyBehindANameChanges(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	known := path(t, h.alice, "bob").Text("key")

	// Bob goes by another name now, and somebody else takes the one he had.
	h.bob.Stop()
	robert := h.bob.Host.Start(natlab.Command{
		Path: filepath.Join(binaries, "peerd"),
		Args: []string{"run", "--state", filepath.Join(s.Dir(), "bob"), "--name", "robert"},
	})
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

//go:build linux

package endtoend

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerd/internal/natlab"
)

// TestRendezvousLosesItsState proves that members come back to a rendezvous that has
// lost all but its key, under the names they had, and that nobody else can have those:
// not while their owners are away and known to somebody, and not when they are back.
func TestRendezvousLosesItsState(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	known := path(t, h.alice, "bob").Text("key")
	h.bob.Stop()
	s.KillRendezvous()
	if err := os.Remove(filepath.Join(s.Dir(), "rendezvous", "rendezvous.db")); err != nil {
		t.Fatal(err)
	}
	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	s.Rendezvous().WaitLine(patience, "the state file is gone")
	eventually(t, "alice is back", func() bool { return rendezvousState(t, h.alice) == "online" })

	host := lab.PublicHost("stranger", natlab.Link{})
	if result := tryToJoin(t, s, host, "bob", s.Invite); result.ExitCode != 4 {
		t.Errorf("a stranger with an invite of before: exit %d, %s", result.ExitCode, result.Stderr)
	}
	invited, err := s.CreateInvite(1)
	if err != nil {
		t.Fatal(err)
	}
	s.Invite = invited
	stranger, err := s.Peer(host, "stranger", "--name", "bob", "--log-level", "info")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "alice lists the stranger", func() bool { return lists(t, h.alice, keyOf(t, stranger)) })
	if result := h.alice.Ctl("send", "bob", "for bob's eyes only"); result.ExitCode != 4 {
		t.Errorf("a message for bob while a stranger has his name: exit %d, %s", result.ExitCode, result.Stderr)
	}
	if result := h.alice.Ctl("send", known, "waits for bob", "--wait", "stored"); result.ExitCode != 0 {
		t.Fatalf("a message for bob's key: exit %d, %s", result.ExitCode, result.Stderr)
	}

	if err := h.bob.Start(); err != nil {
		t.Fatalf("bob comes back for his name: %v", err)
	}
	meet(t, h.alice, h.bob)
	send(t, h.alice, "bob", "welcome back")
	want := []string{"hello", "waits for bob", "welcome back"}
	if got := received(t, h.bob, "alice"); !slices.Equal(got, want) {
		t.Errorf("bob received %q, want %q", got, want)
	}
	eventually(t, "the stranger is told that the name is another's", func() bool {
		return strings.Contains(stranger.Process().Stderr(), "belongs to another key")
	})
	if got := received(t, stranger, "alice"); len(got) > 0 {
		t.Errorf("the stranger received %q", got)
	}
}

//go:build linux

package endtoend

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// TestSenderKilledWhileSending proves that kill -9 loses nothing that was
// accepted, and that what was already on its way is not shown twice.
func TestSenderKilledWhileSending(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	var want []string
	accept := func(count int) {
		t.Helper()
		client := h.alice.Client()
		defer client.Close()
		for range count {
			text := fmt.Sprint("message ", len(want))
			if _, err := client.Send(t.Context(), api.SendRequest{To: "bob", Text: text}); err != nil {
				t.Fatal(err)
			}
			want = append(want, text)
		}
	}
	restart := func(p *stage.Peer) {
		t.Helper()
		p.Kill()
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	accept(20) // some of them under way, some not, when the kill comes
	restart(h.alice)
	awaitReceived(t, h.bob, "alice", want)

	h.bobHome.SetDown() // now none of them arrives before the kill
	accept(20)
	restart(h.alice)
	h.bobHome.SetUp()
	awaitReceived(t, h.bob, "alice", want)

	accept(20)
	restart(h.bob) // and now it hits who is receiving
	awaitReceived(t, h.bob, "alice", want)
}

// awaitReceived waits until a peer has as many texts as wanted, and checks that
// they are those, once and in order.
func awaitReceived(t *testing.T, p *stage.Peer, from string, want []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s has %d messages", p.Name, len(want)), func() bool {
		return len(received(t, p, from)) >= len(want)
	})
	if got := received(t, p, from); !slices.Equal(got, want) {
		t.Errorf("%s received %q, want %q", p.Name, got, want)
	}
}

// TestKilledRendezvousKeepsNamesAndInvites proves that what a rendezvous has
// promised outlives kill -9: a name stays with its key, an invite can be used,
// a revoked one cannot.
func TestKilledRendezvousKeepsNamesAndInvites(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	single, err := s.CreateInvite(1)
	if err != nil {
		t.Fatal(err)
	}
	s.KillRendezvous()
	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	meet(t, h.alice, h.bob)
	send(t, h.alice, "bob", "same names as before")

	stranger := lab.PublicHost("stranger", natlab.Link{})
	if result := tryToJoin(t, s, stranger, "bob", s.Invite); result.ExitCode != 4 || !strings.Contains(result.Stderr, "belongs to another key") {
		t.Errorf("a stranger asks for bob's name: exit %d, %s", result.ExitCode, result.Stderr)
	}
	s.Invite = single
	carol := join(t, s, stranger, "carol")
	meet(t, carol, h.alice)
	send(t, carol, "alice", "the invite was still good")
	if result := tryToJoin(t, s, stranger, "dave", single); result.ExitCode != 4 || !strings.Contains(result.Stderr, "no uses left") {
		t.Errorf("an invite for one, used again: exit %d, %s", result.ExitCode, result.Stderr)
	}
}

// tryToJoin runs a peerd that is to be refused, with a state of its own.
func tryToJoin(t *testing.T, s *stage.Stage, host *natlab.Host, name, invite string) natlab.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return host.Run(ctx, natlab.Command{
		Path:  filepath.Join(binaries, "peerd"),
		Args:  []string{"run", "--state", filepath.Join(t.TempDir(), "refused"), "--name", name, "--join", "-"},
		Stdin: strings.NewReader(invite),
	})
}

//go:build linux

package endtoend

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// fileGuard ends a test whose file does not arrive. Nothing is measured with it.
const fileGuard = 2 * time.Minute

// TestFileSurvivesKillsOfBothSides proves that a file whose sender and recipient are
// killed while it moves arrives whole, and that what had arrived is not sent again:
// only what was under way in the instant of a kill. It has the machine for itself: the
// other tests mostly wait, this one computes.
func TestFileSurvivesKillsOfBothSides(t *testing.T) {
	_, _, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	const size = 384 << 20
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(content)
	path := filepath.Join(t.TempDir(), "film.mp4")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	ctl(t, h.bob, "file", "policy", "alice", "auto")
	ctl(t, h.alice, "file", "send", path, "bob", "--wait", "stored")

	verified := awaitMoved(t, h.bob, size/4).Moved
	h.bob.Kill()
	if back := firstSaidAfter(t, h.alice, h.bob.Start); back.Moved < verified {
		t.Errorf("%d bytes had been there, when bob is back it is %d", verified, back.Moved)
	}

	arrived := awaitMoved(t, h.bob, size/2).Moved
	h.alice.Kill()
	if err := h.alice.Start(); err != nil {
		t.Fatal(err)
	}
	var row api.Transfer
	eventuallyWithin(t, fileGuard, "the file is done", func() bool {
		row = transfer(t, h.bob)
		if row.Moved < arrived {
			t.Fatalf("of %d bytes that had arrived there are %d", arrived, row.Moved)
		}
		return row.State.Final()
	})
	got, err := os.ReadFile(row.Path)
	if err != nil || row.State != api.TransferDone || !bytes.Equal(got, content) {
		t.Errorf("%s (%s) has %d bytes: %v", row.State, row.Reason, len(got), err)
	}
	eventually(t, "the sender knows", func() bool { return transfer(t, h.alice).State == api.TransferDone })
}

// firstSaidAfter restarts the recipient and returns what its sender tells first of
// the transfer that goes on: how much there is before anything more is sent.
func firstSaidAfter(t *testing.T, sender *stage.Peer, restart func() error) api.FileEvent {
	t.Helper()
	client := sender.Client()
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events, err := client.Events(ctx, api.TypeFile)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	begun := time.Now()
	if err := restart(); err != nil {
		t.Fatal(err)
	}
	for event, err := range events.All() {
		if err != nil {
			t.Fatal(err)
		}
		if event := event.(api.FileEvent); event.State == api.TransferRunning && event.At.After(begun) {
			return event
		}
	}
	t.Fatal("no more events")
	return api.FileEvent{}
}

// ctl runs a peerctl that has to succeed.
func ctl(t *testing.T, p *stage.Peer, args ...string) {
	t.Helper()
	if result := p.Ctl(args...); result.ExitCode != 0 {
		t.Fatalf("%s: peerctl %q: exit %d: %s", p.Name, args, result.ExitCode, result.Stderr)
	}
}

// transfer returns a peer's only transfer.
func transfer(t *testing.T, p *stage.Peer) (row api.Transfer) {
	t.Helper()
	client := p.Client()
	defer client.Close()
	rows, err := client.Transfers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 1 {
		row = rows[0]
	}
	return row
}

// awaitMoved waits until so much of the only transfer has moved, and not all.
func awaitMoved(t *testing.T, p *stage.Peer, least int64) (row api.Transfer) {
	t.Helper()
	eventuallyWithin(t, fileGuard, "the file is moving", func() bool {
		row = transfer(t, p)
		if row.State.Final() {
			t.Fatalf("the transfer is %s (%s) already", row.State, row.Reason)
		}
		return row.Moved >= least
	})
	return row
}

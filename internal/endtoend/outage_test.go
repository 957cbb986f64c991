//go:build linux

package endtoend

import (
	"slices"
	"testing"
	"time"

	"peerd/internal/natlab"
)

// TestRecipientOffline proves that a message to somebody who is away is kept,
// said to be queued, and delivered when they are back.
func TestRecipientOffline(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	h.bob.Stop()
	rows, result, err := h.alice.Rows("--timeout", "1s", "send", "bob", "when you are back")
	if err != nil || result.ExitCode != 6 {
		t.Fatalf("send ended with %d (%v), want 6: not reached, still queued\n%s", result.ExitCode, err, result.Stderr)
	}
	if state := lastRow(t, rows).Text("state"); state != "queued" {
		t.Errorf("state is %q, want queued", state)
	}
	if err := h.bob.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the message is delivered", func() bool {
		return slices.Equal(received(t, h.bob, "alice"), []string{"when you are back"})
	})
}

// TestRendezvousKilled proves that a direct conversation does not need the
// rendezvous, and that both sides log in again when it is back.
func TestRendezvousKilled(t *testing.T) {
	t.Parallel()
	_, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
	s.KillRendezvous()
	for range 5 {
		send(t, h.alice, "bob", "without the rendezvous")
		send(t, h.bob, "alice", "me too")
	}
	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	meet(t, h.alice, h.bob)
	send(t, h.bob, "alice", "still here")
}

// TestRouterReboot proves that a conversation outlives a reboot of a router in
// the middle of it: everything arrives, once and in order.
func TestRouterReboot(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	send(t, h.alice, "bob", "0")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
	want := []string{"0"}
	for i, text := range []string{"1", "2", "3", "4"} {
		if i == 2 {
			h.aliceHome.SetDown()
			h.aliceHome.FlushConntrack()
			time.Sleep(time.Second) // the router boots
			h.aliceHome.SetUp()
		}
		send(t, h.alice, "bob", text)
		want = append(want, text)
	}
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
	if got := received(t, h.bob, "alice"); !slices.Equal(got, want) {
		t.Errorf("bob received %q, want %q", got, want)
	}
}

// TestPeerKilled proves that a conversation goes on with a peer that was
// killed and has come back as another instance.
func TestPeerKilled(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	h.bob.Kill()
	if err := h.bob.Start(); err != nil {
		t.Fatal(err)
	}
	send(t, h.alice, "bob", "to the restarted peer")
	awaitDirect(t, h.alice, "bob")
	want := []string{"hello", "to the restarted peer"}
	if got := received(t, h.bob, "alice"); !slices.Equal(got, want) {
		t.Errorf("bob received %q, want %q", got, want)
	}
}

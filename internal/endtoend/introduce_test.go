//go:build linux

package endtoend

import (
	"net/netip"
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// TestT11StrangerGetsNoPacketBeforeAnAnswer has mallory write to alice, who shows herself
// to whom she has chosen only, to bob, who shows himself to nobody, and to carol, who
// has blocked him. He gets receipts of the first two, and not a packet from any of
// their homes. Then alice answers him.
func TestT11StrangerGetsNoPacketBeforeAnAnswer(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	home := func(name string, args ...string) (*natlab.Home, *stage.Peer) {
		home := lab.Home(name+"-home", natlab.Masquerade, homeLink)
		p, err := s.Peer(home.Host(name), name, args...)
		if err != nil {
			t.Fatal(err)
		}
		return home, p
	}
	internet := lab.Capture()
	aliceHome, alice := home("alice", "--introduce", "contacts")
	bobHome, bob := home("bob", "--introduce", "relay-only")
	carolHome, carol := home("carol")
	malloryHome, mallory := home("mallory")
	for _, p := range []*stage.Peer{alice, bob, carol} {
		meet(t, mallory, p)
	}
	if result := carol.Ctl("contact", "block", "mallory"); result.ExitCode != 0 {
		t.Fatalf("carol blocks mallory: %s", result.Stderr)
	}
	// between counts the packets from one home to another.
	between := func(from, to *natlab.Home) int {
		return internet.Count(func(p natlab.Packet) bool { return p.Src.Addr() == from.Addr() && p.Dst.Addr() == to.Addr() })
	}
	silent := func(when string) {
		t.Helper()
		for name, home := range map[string]*natlab.Home{"alice": aliceHome, "bob": bobHome, "carol": carolHome} {
			if n := between(home, malloryHome); n != 0 {
				t.Errorf("%s, %d packets went to mallory from %s's home", when, n, name)
			}
			if n := between(malloryHome, home); n != 0 {
				t.Errorf("%s, mallory has learned where %s is: he sent %d packets there", when, name, n)
			}
		}
	}
	for _, to := range []string{"alice", "bob"} {
		for _, text := range []string{"where are you?", "and now?"} {
			if row := send(t, mallory, to, text); row.Text("path") != "relay" {
				t.Errorf("mallory's message to %s took the path %q", to, row.Text("path"))
			}
		}
	}
	if row := send(t, bob, "mallory", "I do not say"); row.Text("path") != "relay" {
		t.Errorf("bob's answer took the path %q", row.Text("path"))
	}
	mallory.Rows("send", "carol", "--wait", "sent", "and you?")
	mallory.Rows("--timeout", "2s", "ping", "carol")
	_, result, _ := mallory.Rows("--timeout", "3s", "ping", "--until-direct", "alice")
	if result.ExitCode != 7 {
		t.Errorf("waiting for a direct path to alice ended with %d, want 7: %s", result.ExitCode, result.Stderr)
	}
	silent("before anybody accepted him")

	send(t, alice, "mallory", "I am here")
	row := awaitDirect(t, mallory, "alice")
	if endpoint, err := netip.ParseAddrPort(row.Text("endpoint")); err != nil || endpoint.Addr() != aliceHome.Addr() {
		t.Errorf("mallory talks to %q, want alice's router", row.Text("endpoint"))
	}
	awaitDirect(t, alice, "mallory")
	if between(aliceHome, malloryHome) == 0 {
		t.Error("the capture does not see what goes from home to home, so this test proves nothing")
	}
}

//go:build linux

package endtoend

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
	"peerd/wire"
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
	asRobert := bobAs(s, "robert")
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

// bobAs starts bob under another name.
func bobAs(s *stage.Stage, name string) natlab.Command {
	return natlab.Command{
		Path: filepath.Join(binaries, "peerd"),
		Args: []string{"run", "--state", filepath.Join(s.Dir(), "bob"), "--name", name},
	}
}

// TestT07NoPacketGoesToAChangedKey looks at all that crosses the internet from when bob's
// name comes with another key until alice trusts that key, while she tries to reach it
// and it her: nothing goes between the two, nothing is relayed to the new key, and what
// the rendezvous says to it has no room for what waits for bob.
func TestT07NoPacketGoesToAChangedKey(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	internet, old := lab.Capture(), keyOf(t, h.bob)
	host := lab.PublicHost("impostor", vpsLink)
	alice, vps, changed := h.aliceHome.Addr(), s.VPS.Addr(), host.Addr()
	send(t, h.alice, "bob", "hello")
	h.bob.Stop()
	robert := h.bob.Host.Start(bobAs(s, "robert")) // which frees his name
	robert.WaitLine(patience, "ready")
	send(t, h.alice, old, "hello, robert")
	robert.Signal(syscall.SIGTERM)
	robert.Wait(patience)
	eventually(t, "alice sees him go", func() bool { return !lists(t, h.alice, old) })
	secret := strings.Repeat("for bob's eyes only ", 1000)
	client := h.alice.Client()
	defer client.Close()
	if _, err := client.Send(t.Context(), api.SendRequest{To: "bob", Text: secret}); err != nil {
		t.Fatal(err)
	}
	before := internet.Packets()

	impostor, err := s.Peer(host, "impostor", "--name", "bob")
	if err != nil {
		t.Fatal(err)
	}
	h.alice.Process().WaitLine(patience, "the name of a contact comes with another key")
	for _, command := range [][]string{{"send", "bob", "for bob's eyes only"}, {"send", keyOf(t, impostor), "for bob's eyes only"}, {"ping", "bob"}} {
		if result := h.alice.Ctl(command...); result.ExitCode != 4 {
			t.Errorf("%s ended with exit %d, want 4: %s", command[0], result.ExitCode, result.Stderr)
		}
	}
	ctl(t, impostor, "send", "alice", "it is me", "--wait", "sent")
	if result := impostor.Ctl("--timeout", "2s", "ping", "alice"); result.ExitCode == 0 {
		t.Errorf("alice answers the changed key: %s", result.Stdout)
	}
	suspected := internet.Packets()[len(before):]
	if n := between(suspected, alice, changed) + between(suspected, changed, alice); n > 0 {
		t.Errorf("%d packets went between alice and the changed key", n)
	}
	if sessions := relayed(suspected, vps, changed); len(sessions) > 0 {
		t.Errorf("%d sessions were relayed to the changed key", len(sessions))
	}
	tried := relayed(suspected, changed, vps)
	for session := range relayed(suspected, alice, vps) {
		if tried[session] {
			t.Error("alice answers the changed key over the relay")
		}
	}
	for _, way := range [][2]netip.Addr{{alice, vps}, {vps, changed}} {
		if n := controlled(suspected, way[0], way[1]); n == 0 || n >= len(secret) {
			t.Errorf("%d bytes went from %v to %v over TCP, want some, and less than the %d that wait for bob", n, way[0], way[1], len(secret))
		}
	}

	ctl(t, h.alice, "contact", "trust", "bob", "--key", keyOf(t, impostor))
	send(t, h.alice, "bob", "for the key I trust now")
	awaitDirect(t, impostor, "alice")
	awaitDirect(t, h.alice, "bob")
	ctl(t, h.alice, "introduce", "relay-only")
	send(t, h.alice, "bob", "over the relay")
	trusted := internet.Packets()[len(before)+len(suspected):]
	if between(trusted, alice, changed) == 0 || between(trusted, changed, alice) == 0 || len(relayed(trusted, vps, changed)) == 0 {
		t.Error("the capture does not see what goes to the trusted key, so this test proves nothing")
	}
	if got, want := received(t, impostor, "alice"), []string{"for the key I trust now", "over the relay"}; !slices.Equal(got, want) {
		t.Errorf("the new bob received %.60q, want %q", got, want)
	}
}

// between counts the packets from one address to another.
func between(packets []natlab.Packet, from, to netip.Addr) (n int) {
	for _, p := range packets {
		if p.Src.Addr() == from && p.Dst.Addr() == to {
			n++
		}
	}
	return n
}

// relayed returns the sessions of the relay datagrams from one address to another.
func relayed(packets []natlab.Packet, from, to netip.Addr) map[wire.SessionID]bool {
	sessions := make(map[wire.SessionID]bool)
	for _, p := range packets {
		session, _, ok := wire.ParseRelayHeader(p.Payload)
		if ok && isRelayed(p) && p.Src.Addr() == from && p.Dst.Addr() == to {
			sessions[session] = true
		}
	}
	return sessions
}

// controlled counts the bytes over TCP from one address to another.
func controlled(packets []natlab.Packet, from, to netip.Addr) (n int) {
	for _, p := range packets {
		if p.Protocol == natlab.TCP && p.Src.Addr() == from && p.Dst.Addr() == to {
			n += len(p.Payload)
		}
	}
	return n
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

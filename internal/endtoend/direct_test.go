//go:build linux

package endtoend

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/wire"
)

func TestTwoHomesTalkDirectly(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	send(t, h.alice, "bob", "the first message does not wait for a path")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
	if row := send(t, h.alice, "bob", "over the direct path"); row.Text("path") != "direct" {
		t.Errorf("second message took the path %q, want direct", row.Text("path"))
	}
	send(t, h.bob, "alice", "and back")
	want := []string{"the first message does not wait for a path", "over the direct path"}
	if got := received(t, h.bob, "alice"); !slices.Equal(got, want) {
		t.Errorf("bob received %q, want %q", got, want)
	}
	row := path(t, h.alice, "bob")
	endpoint, err := netip.ParseAddrPort(row.Text("endpoint"))
	if err != nil || endpoint.Addr() != h.bobHome.Addr() {
		t.Errorf("alice talks to %v, want bob's router %v", row.Text("endpoint"), h.bobHome.Addr())
	}
}

// TestSameLANStaysOnTheLAN proves that two peers of one home use their private
// endpoints, and that nothing of what they say crosses the router any more.
func TestSameLANStaysOnTheLAN(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	home := lab.Home("home", natlab.Masquerade, homeLink)
	alice, bob := joinLogging(t, s, home.Host("alice"), "alice"), joinLogging(t, s, home.Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, alice, "bob", "hello")
	for _, seen := range []stage.Row{awaitDirect(t, alice, "bob"), awaitDirect(t, bob, "alice")} {
		endpoint, err := netip.ParseAddrPort(seen.Text("endpoint"))
		if err != nil || !endpoint.Addr().IsPrivate() {
			t.Errorf("path leads to %q, want a private endpoint", seen.Text("endpoint"))
		}
	}
	leaving, arriving := home.Capture(), s.VPS.Capture()
	eventuallyWithin(t, 2*time.Minute, "ten messages in a row find a path that nobody doubts", func() bool {
		return staysOnTheLAN(t, s, alice, bob, leaving, arriving)
	})
}

// staysOnTheLAN has alice say something and looks at what leaves the home meanwhile. It
// reports false where that may be, and so proves nothing: while a path is in doubt, as
// every one is that a slow machine has not proven for half a second, messages go both
// ways; and when many answers came late, the relay is probed too.
func staysOnTheLAN(t *testing.T, s *stage.Stage, alice, bob *stage.Peer, leaving, arriving *natlab.Capture) bool {
	t.Helper()
	isLeaving := func(p natlab.Packet) bool { return isRelayed(p) && p.Dst == s.Endpoint() }
	isProbe := func(p natlab.Packet) bool {
		_, inside, _ := wire.ParseRelayHeader(p.Payload)
		kind := wire.Classify(inside)
		return isLeaving(p) && (kind == wire.DatagramProbe || kind == wire.DatagramProbeReply)
	}
	doubted, doubtful := doubts(t, alice, bob)
	if doubtful {
		return false
	}
	send(t, alice, "bob", "behind what was on its way out")
	send(t, bob, "alice", "behind what was on its way out")
	relayed, probes, said := leaving.Count(isLeaving), leaving.Count(isProbe), payload(arriving, natlab.TCP)
	for range 10 {
		if row := send(t, alice, "bob", "on the LAN"); row.Text("path") != "direct" {
			t.Errorf("message took the path %q, want direct", row.Text("path"))
		}
	}
	if n := payload(arriving, natlab.TCP) - said; n > controlChatter {
		t.Errorf("%d bytes went through the control connections, want at most pings (%d)", n, controlChatter)
	}
	relayed = leaving.Count(isLeaving) - relayed
	if relayed == 0 {
		return true
	}
	t.Logf("%d relayed packets, %d of them probes", relayed, leaving.Count(isProbe)-probes)
	if leaving.Count(isProbe) == probes {
		eventually(t, "somebody says that the path was in doubt, since packets were relayed", func() bool {
			now, _ := doubts(t, alice, bob)
			return now > doubted
		})
	}
	return false
}

// doubts counts how often peers that tell of their paths have doubted one, and reports
// whether any does now.
func doubts(t *testing.T, peers ...*stage.Peer) (count int, now bool) {
	t.Helper()
	for _, p := range peers {
		rows, err := stage.ParseRows(p.Process().Stderr())
		if err != nil {
			t.Fatal(err)
		}
		last := false
		for _, row := range rows {
			if doubtful, told := row["doubtful"].(bool); told {
				last = doubtful
				if doubtful {
					count++
				}
			}
		}
		now = now || last
	}
	return count, now
}

// controlChatter is what two control connections may say in a few seconds:
// pings and pongs, not one of the messages.
const controlChatter = 400

func isRelayed(p natlab.Packet) bool {
	return p.Protocol == natlab.UDP && wire.Classify(p.Payload) == wire.DatagramRelay
}

// payload adds up the payload bytes a capture saw of a protocol.
func payload(capture *natlab.Capture, protocol uint8) int {
	total := 0
	for _, p := range capture.Packets() {
		if p.Protocol == protocol {
			total += len(p.Payload)
		}
	}
	return total
}

// TestT04SameSubnetAtBothHomes proves that two homes which chose the same private
// subnet reach each other; that the stranger who happens to have the peer's private
// address, and sends back whatever comes to the peer's port, is no path; and that it
// gets nothing but probes, which name nobody.
func TestT04SameSubnetAtBothHomes(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	subnet := natlab.Subnet("192.168.1.0/24")
	aliceHome := lab.Home("alice-home", natlab.Masquerade, homeLink, subnet)
	bobHome := lab.Home("bob-home", natlab.Masquerade, homeLink, subnet)
	aliceHost := aliceHome.Host("alice")
	stranger := aliceHome.Host("stranger") // has the address bob has at his home
	bobHome.Host("somebody")
	bobHost := bobHome.Host("bob")
	if stranger.Addr() != bobHost.Addr() {
		t.Fatalf("the stranger has %v, bob has %v: the lab does not tell this story", stranger.Addr(), bobHost.Addr())
	}
	const bobsPort = 41641
	capture, echoed := stranger.Capture(), echo(t, stranger, bobsPort)
	alice := join(t, s, aliceHost, "alice")
	bob, err := s.Peer(bobHost, "bob", "--listen", fmt.Sprintf(":%d", bobsPort))
	if err != nil {
		t.Fatal(err)
	}
	meet(t, alice, bob)

	row := send(t, alice, "bob", "hello")
	if took := row.Number("elapsed_ms"); took > 3000 {
		t.Errorf("the relay took %.0f ms meanwhile", took)
	}
	row = awaitDirect(t, alice, "bob")
	endpoint, err := netip.ParseAddrPort(row.Text("endpoint"))
	if err != nil || endpoint.Addr() != bobHome.Addr() {
		t.Errorf("alice talks to %q, want bob's router %v", row.Text("endpoint"), bobHome.Addr())
	}
	awaitDirect(t, bob, "alice")
	send(t, alice, "bob", "for bob only")
	secrets := [][]byte{[]byte("alice"), keyBytes(t, alice), keyBytes(t, bob)}
	for _, p := range capture.Packets() {
		if p.Protocol != natlab.UDP || p.Src.Addr() != aliceHost.Addr() || p.Dst.Addr() != stranger.Addr() {
			continue
		}
		if wire.Classify(p.Payload) != wire.DatagramProbe {
			t.Errorf("the stranger got something else than a probe: %v", p)
		}
		for _, secret := range secrets {
			if bytes.Contains(p.Payload, secret[:min(len(secret), 8)]) {
				t.Errorf("the stranger is told %q in %x", secret, p.Payload)
			}
		}
	}
	if echoed.Load() == 0 {
		t.Error("the stranger got nothing to echo, so this test proves nothing")
	}
}

// echo sends back what comes to a port, and counts it.
func echo(t *testing.T, host *natlab.Host, port uint16) *atomic.Int32 {
	conn := host.ListenUDP(port)
	echoed := new(atomic.Int32)
	var echoing sync.WaitGroup
	echoing.Go(func() {
		buffer := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			_, _ = conn.WriteToUDPAddrPort(buffer[:n], from)
			echoed.Add(1)
		}
	})
	t.Cleanup(func() {
		conn.Close()
		echoing.Wait()
	})
	return echoed
}

// keyBytes returns a peer's key as it is on the wire.
func keyBytes(t *testing.T, p *stage.Peer) []byte {
	t.Helper()
	key, err := wire.ParseKey(keyOf(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return key[:]
}

func TestHomeAndPublicHost(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	alice := join(t, s, lab.Home("home", natlab.Masquerade, homeLink).Host("alice"), "alice")
	server := join(t, s, lab.PublicHost("server", natlab.Link{}), "server")
	meet(t, alice, server)
	send(t, alice, "server", "hello")
	awaitDirect(t, alice, "server")
	awaitDirect(t, server, "alice")
}

func TestFullConeAndMasquerade(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.FullCone, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
}

// TestRouterWithOpenInput proves that simultaneous firing avoids the conntrack
// clash of routers that accept packets to themselves.
func TestRouterWithOpenInput(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.InputAccept, natlab.Masquerade)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
}

// TestTwoHomesUnderOneCarrier proves that two homes behind one carrier NAT
// that reflects packets meet through it.
func TestTwoHomesUnderOneCarrier(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	carrier := lab.CarrierNAT("carrier", natlab.Masquerade, homeLink, natlab.Hairpin())
	alice := join(t, s, carrier.Home("alice-home", natlab.Masquerade, natlab.Link{}).Host("alice"), "alice")
	bob := join(t, s, carrier.Home("bob-home", natlab.Masquerade, natlab.Link{}).Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, alice, "bob", "hello")
	awaitDirect(t, alice, "bob")
	awaitDirect(t, bob, "alice")
}

// TestSequentialRouterIsPredicted proves that a router with another port for
// every peer is passed when it counts: the peer tries the next ports.
func TestSequentialRouterIsPredicted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		alice, bob natlab.NAT
	}{
		{"at the caller", natlab.Sequential, natlab.Masquerade},
		{"at the callee", natlab.Masquerade, natlab.Sequential},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, _, h := pair(t, test.alice, test.bob)
			send(t, h.alice, "bob", "hello")
			awaitDirect(t, h.alice, "bob")
			awaitDirect(t, h.bob, "alice")
		})
	}
}

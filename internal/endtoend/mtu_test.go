//go:build linux

package endtoend

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
	"peerd/wire"
)

// narrowLink is an uplink with the least MTU that IPv6 allows.
var narrowLink = natlab.Link{Delay: homeLink.Delay, MTU: 1280}

// TestSmallMTU proves that the longest messages pass uplinks of 1,280 bytes,
// whatever the path, and that no packet on them has to be cut up.
func TestSmallMTU(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path, transport string
		router                natlab.NAT
	}{
		{"direct", "direct", "udp", natlab.Masquerade},
		{"over the relay", "relay", "udp", natlab.FullyRandom},
		{"over TCP", "direct", "tcp", natlab.UDPBlocked},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lab, s := newStage(t)
			alice := join(t, s, lab.Home("alice-home", test.router, narrowLink).Host("alice"), "alice")
			bob := join(t, s, lab.Home("bob-home", test.router, narrowLink).Host("bob"), "bob")
			meet(t, alice, bob)
			send(t, alice, "bob", "hello")
			if test.path == "direct" {
				awaitDirect(t, alice, "bob")
				awaitDirect(t, bob, "alice")
			}
			core := lab.Capture()
			for _, way := range [][2]*stage.Peer{{alice, bob}, {bob, alice}} {
				text := strings.Repeat("x", wire.MaxText)
				took := deliver(t, way[0], way[1].Name, text, 5*time.Second)
				t.Logf("64 KiB from %s to %s took %v", way[0].Name, way[1].Name, took.Round(time.Millisecond))
			}
			row := path(t, alice, "bob")
			if row.Text("path") != test.path || row.Text("transport") != test.transport {
				t.Errorf("the path is %s over %s, want %s over %s", row.Text("path"), row.Text("transport"), test.path, test.transport)
			}
			if n := core.Count(func(p natlab.Packet) bool { return p.Protocol == natlab.UDP && p.Length > narrowLink.MTU }); n > 0 {
				t.Errorf("%d packets were too long", n)
			}
		})
	}
}

// TestBlackHole asserts the bar: when the way between two homes comes to swallow
// all but small packets, messages of any length arrive within 5 s, over the
// relay, and the path is direct again when it has healed.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	lab, _, h := directPair(t, natlab.Masquerade, natlab.Masquerade)
	ways := [][2]*stage.Peer{{h.alice, h.bob}, {h.bob, h.alice}}
	for _, quiet := range []time.Duration{0, 3 * time.Second} {
		time.Sleep(quiet) // a pair that has just talked, and an idle one
		lab.SetTransit(h.aliceHome.Node, h.bobHome.Node, natlab.Transit{Narrow: 1000})
		for _, way := range ways {
			took := deliver(t, way[0], way[1].Name, strings.Repeat("x", wire.MaxText), 5*time.Second)
			t.Logf("black hole, quiet for %v: 64 KiB from %s to %s took %v", quiet, way[0].Name, way[1].Name, took.Round(time.Millisecond))
		}
		for _, way := range ways {
			eventually(t, way[0].Name+" uses the relay", func() bool { return path(t, way[0], way[1].Name).Text("path") == "relay" })
		}
		lab.SetTransit(h.aliceHome.Node, h.bobHome.Node, natlab.Transit{})
		start := time.Now()
		for _, way := range ways {
			eventually(t, way[0].Name+" is direct again", func() bool {
				deliver(t, way[0], way[1].Name, fmt.Sprint("since ", start), 5*time.Second)
				return path(t, way[0], way[1].Name).Text("path") == "direct"
			})
		}
		t.Logf("healed, direct again after %v", time.Since(start).Round(time.Millisecond))
	}
}

// deliver sends a message, which has to be delivered within so long, and returns
// how long that took.
func deliver(t *testing.T, from *stage.Peer, to, text string, within time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within+10*time.Second)
	defer cancel()
	client := from.Client()
	defer client.Close()
	start := time.Now()
	sent, err := client.Send(ctx, api.SendRequest{To: to, Text: text})
	if err == nil {
		sent, err = client.WaitMessage(ctx, sent.ID, api.StateDelivered, within)
	}
	if err != nil || sent.State != api.StateDelivered {
		t.Errorf("%s sends %d bytes to %s: %q after %v, %v", from.Name, len(text), to, sent.State, within, err)
	}
	return time.Since(start)
}

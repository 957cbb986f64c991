//go:build linux

package endtoend

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
	"peerd/internal/stage"
	"peerd/peer/api"
	"peerd/wire"
)

// forgetful is a home router that gives every inside socket a random port, and
// another one after a reboot; it drops what belongs to TCP connections it does
// not know.
var forgetful = natlab.Userspace(nat.Behaviour{Mapping: nat.EIM, Filtering: nat.APDF, Allocation: nat.Random})

// TestRouterForgets proves that a pair outlives the reboot of a router that has
// other ports for everybody afterwards, whoever speaks first.
func TestRouterForgets(t *testing.T) {
	t.Parallel()
	_, _, h := directPair(t, forgetful, forgetful)
	recoveries(t, h, 2, func() { h.aliceHome.FlushConntrack() }, func(before, now netip.AddrPort) bool {
		return before.Port() != now.Port()
	})
}

// TestRouterChangesItsAddress proves the same for the new address that a
// provider hands out overnight.
func TestRouterChangesItsAddress(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]natlab.NAT{"masquerade": natlab.Masquerade, "forgetful": forgetful} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, h := directPair(t, kind, kind)
			recoveries(t, h, 2, func() { h.aliceHome.ChangeAddress() }, func(_, now netip.AddrPort) bool {
				return now.Addr() == h.aliceHome.Addr()
			})
		})
	}
}

// TestRelayedPairRoams proves the same for a pair that has no direct path, and so
// nobody who probes one.
func TestRelayedPairRoams(t *testing.T) {
	t.Parallel()
	_, _, h := pair(t, natlab.FullyRandom, natlab.FullyRandom)
	send(t, h.alice, "bob", "hello")
	time.Sleep(4 * time.Second) // the search for a direct path is over
	for range 3 {
		h.aliceHome.ChangeAddress()
		start := time.Now()
		var told sync.WaitGroup
		var fromAlice, fromBob time.Duration
		told.Go(func() { fromAlice = tell(t, h.alice, "bob", start) })
		told.Go(func() { fromBob = tell(t, h.bob, "alice", start) })
		told.Wait()
		t.Logf("relayed: alice's message %v, bob's %v", fromAlice.Round(time.Millisecond), fromBob.Round(time.Millisecond))
	}
}

// TestRouterIsOffForAWhile proves that a pair meets again after a blackout that
// it has noticed.
func TestRouterIsOffForAWhile(t *testing.T) {
	t.Parallel()
	_, _, h := directPair(t, forgetful, forgetful)
	reboot := func() {
		h.aliceHome.SetDown()
		h.aliceHome.FlushConntrack()
		time.Sleep(12 * time.Second) // the router boots
		h.aliceHome.SetUp()
	}
	recoveries(t, h, 1, reboot, func(before, now netip.AddrPort) bool { return before.Port() != now.Port() })
}

// TestHostMoves proves that a host which gets another address, as in another
// network, is back on a direct path at once, without a router's doing.
func TestHostMoves(t *testing.T) {
	t.Parallel()
	_, _, h := directPair(t, natlab.Masquerade, natlab.Masquerade)
	last := byte(100)
	move := func() {
		last++
		readdress(t, h, netip.AddrFrom4([4]byte{192, 168, h.alice.Host.Addr().As4()[2], last}))
	}
	recoveries(t, h, 2, move, func(netip.AddrPort, netip.AddrPort) bool { return true })
}

// TestHostSleeps proves that a peer which was suspended until everybody had
// given it up is back soon after it wakes, and was not shown as present
// meanwhile.
func TestHostSleeps(t *testing.T) {
	t.Parallel()
	_, _, h := directPair(t, forgetful, forgetful)
	h.alice.Process().Signal(syscall.SIGSTOP)
	start := time.Now()
	eventually(t, "bob notices that alice sleeps", func() bool {
		row := path(t, h.bob, "alice")
		return row.Text("path") == "none" && row["online"] == false
	})
	t.Logf("asleep: noticed after %v", time.Since(start).Round(10*time.Millisecond))
	h.aliceHome.FlushConntrack() // hours go by
	recoveries(t, h, 1, func() { h.alice.Process().Signal(syscall.SIGCONT) }, func(netip.AddrPort, netip.AddrPort) bool { return true })
}

// directPair is two homes with a direct path between them.
func directPair(t testing.TB, a, b natlab.NAT) (*natlab.Lab, *stage.Stage, *homes) {
	t.Helper()
	lab, s, h := pair(t, a, b)
	send(t, h.alice, "bob", "hello")
	awaitDirect(t, h.alice, "bob")
	awaitDirect(t, h.bob, "alice")
	return lab, s, h
}

// recoveries has disturb happen again and again, and logs how long it takes until
// the next message of each side has arrived, and until the pair is direct again.
// Bob's endpoint for alice tells that it is: see renewed.
func recoveries(t *testing.T, h *homes, times int, disturb func(), renewed func(before, now netip.AddrPort) bool) {
	t.Helper()
	for range times {
		recovery(t, h, "just after talking", disturb, renewed)
		time.Sleep(4 * time.Second) // nothing is under way any more
		recovery(t, h, "when idle", disturb, renewed)
	}
}

func recovery(t *testing.T, h *homes, when string, disturb func(), renewed func(before, now netip.AddrPort) bool) {
	t.Helper()
	before := endpointOf(t, h.bob, "alice")
	disturb()
	start := time.Now()
	var told sync.WaitGroup
	var fromAlice, fromBob time.Duration
	told.Go(func() { fromAlice = tell(t, h.alice, "bob", start) })
	told.Go(func() { fromBob = tell(t, h.bob, "alice", start) })
	eventually(t, "the pair is direct again", func() bool {
		return renewed(before, endpointOf(t, h.bob, "alice")) && endpointOf(t, h.alice, "bob").IsValid() &&
			pongs(t, h.bob, "alice")
	})
	direct := time.Since(start)
	told.Wait()
	t.Logf("%s: alice's message %v, bob's %v, direct again %v",
		when, fromAlice.Round(time.Millisecond), fromBob.Round(time.Millisecond), direct.Round(time.Millisecond))
}

// tell sends a message and returns when it was delivered, counted from start.
func tell(t *testing.T, p *stage.Peer, to string, start time.Time) time.Duration {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	client := p.Client()
	defer client.Close()
	sent, err := client.Send(ctx, api.SendRequest{To: to, Text: fmt.Sprint("after ", start)})
	if err == nil {
		sent, err = client.WaitMessage(ctx, sent.ID, api.StateDelivered, 60*time.Second)
	}
	if err != nil || sent.State != api.StateDelivered {
		t.Errorf("%s tells %s: %q, %v", p.Name, to, sent.State, err)
	}
	return time.Since(start)
}

// endpointOf returns where a peer sends to another directly; the zero AddrPort
// when it does not.
func endpointOf(t *testing.T, p *stage.Peer, to string) netip.AddrPort {
	t.Helper()
	client := p.Client()
	defer client.Close()
	rows, err := client.Peers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Name == to && row.Path == api.PathDirect {
			return row.Endpoint
		}
	}
	return netip.AddrPort{}
}

// pongs reports whether a peer answers another directly.
func pongs(t *testing.T, p *stage.Peer, to string) bool {
	return pongsWithin(t, 300*time.Millisecond, p, to)
}

// pongsWithin reports whether a peer answers one ping directly before the limit.
func pongsWithin(t *testing.T, limit time.Duration, p *stage.Peer, to string) bool {
	client := p.Client()
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	pong, err := client.Ping(ctx, to)
	return err == nil && pong.Path == api.PathDirect
}

// readdress gives alice's host another address in her home's network.
func readdress(t *testing.T, h *homes, to netip.Addr) {
	t.Helper()
	err := h.alice.Host.Do(func() error {
		routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
		if err != nil {
			return err
		}
		link, err := netlink.LinkByIndex(routes[0].LinkIndex)
		if err != nil {
			return err
		}
		old, err := netlink.AddrList(link, netlink.FAMILY_V4)
		if err != nil {
			return err
		}
		for _, addr := range old {
			if err := netlink.AddrDel(link, &addr); err != nil {
				return err
			}
		}
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: to.AsSlice(), Mask: net.CIDRMask(24, 32)}}); err != nil {
			return err
		}
		return netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: h.aliceHome.Gateway().AsSlice()})
	})
	if err != nil {
		t.Fatalf("give alice's host the address %v: %v", to, err)
	}
}

// TestAddressChangesWithoutRendezvous proves that a pair which talks directly
// needs nobody's help when one side's router gets another address, provided that
// the other router lets the news in.
func TestAddressChangesWithoutRendezvous(t *testing.T) {
	t.Parallel()
	_, s, h := directPair(t, natlab.Masquerade, natlab.FullCone)
	s.KillRendezvous()
	recoveries(t, h, 2, func() { h.aliceHome.ChangeAddress() }, func(_, now netip.AddrPort) bool {
		return now.Addr() == h.aliceHome.Addr()
	})
}

// TestRouterRemapsAPort proves that a mapping which a router replaces in the
// middle of a conversation costs the peer a round trip, where the peer's own
// router lets the first packet of the new one in.
func TestRouterRemapsAPort(t *testing.T) {
	t.Parallel()
	open := natlab.Userspace(nat.Behaviour{Mapping: nat.EIM, Filtering: nat.ADF, Allocation: nat.Preserving})
	_, _, h := directPair(t, forgetful, open)
	recoveries(t, h, 2, func() { h.aliceHome.FlushConntrack() }, func(before, now netip.AddrPort) bool {
		return before.Port() != now.Port()
	})
}

// TestPeerIsBackAfterAKill proves that messages reach a peer that was killed, and
// started again, as soon as it is there.
func TestPeerIsBackAfterAKill(t *testing.T) {
	t.Parallel()
	_, _, h := directPair(t, natlab.Masquerade, natlab.Masquerade)
	for range 3 {
		h.bob.Kill()
		client := h.alice.Client()
		sent, err := client.Send(t.Context(), api.SendRequest{To: "bob", Text: "when you are back"})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.bob.Start(); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		sent, err = client.WaitMessage(t.Context(), sent.ID, api.StateDelivered, 60*time.Second)
		if err != nil || sent.State != api.StateDelivered {
			t.Fatalf("the message is %q, %v", sent.State, err)
		}
		t.Logf("delivered %v after the restart", time.Since(start).Round(time.Millisecond))
		awaitDirect(t, h.alice, "bob")
		client.Close()
	}
}

// TestKilledPeerIsNoticed proves that a peer that has vanished is not shown as
// present for long, though nobody talks to it.
func TestKilledPeerIsNoticed(t *testing.T) {
	t.Parallel()
	_, _, h := directPair(t, natlab.Masquerade, natlab.Masquerade)
	h.bob.Kill()
	start := time.Now()
	eventually(t, "alice notices that bob is gone", func() bool {
		row := path(t, h.alice, "bob")
		return row.Text("path") == "none" && row["online"] == false
	})
	t.Logf("killed: noticed after %v", time.Since(start).Round(10*time.Millisecond))
	h.bobHome.SetDown()
	if err := h.bob.Start(); err != nil { // it says that it is offline
		t.Fatal(err)
	}
	h.bobHome.SetUp()
	send(t, h.alice, "bob", "welcome back")
}

// TestIdlePairIsSilent proves that two peers with nothing to say exchange
// nothing but the keepalives of their direct path.
func TestIdlePairIsSilent(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	aliceHome, bobHome := lab.Home("alice-home", natlab.Masquerade, homeLink), lab.Home("bob-home", natlab.Masquerade, homeLink)
	alice, bob := joinLogging(t, s, aliceHome.Host("alice"), "alice"), joinLogging(t, s, bobHome.Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, alice, "bob", "hello")
	awaitDirect(t, alice, "bob")
	awaitDirect(t, bob, "alice")
	capture, routers := lab.Capture(), map[netip.Addr]bool{aliceHome.Addr(): true, bobHome.Addr(): true}
	between := func() (packets []natlab.Packet) {
		for _, p := range capture.Packets() {
			if p.Protocol == natlab.UDP && routers[p.Src.Addr()] && routers[p.Dst.Addr()] {
				packets = append(packets, p)
			}
		}
		return packets
	}
	eventuallyWithin(t, 6*time.Minute, "an idle pair whose keepalives are answered in time", func() bool {
		return idles(t, alice, bob, between)
	})
}

// idles looks at what goes between two peers that say nothing. It reports false where a
// slow machine answered a keepalive too late, and so proves nothing: that has the probe
// repeated, or the path in doubt, and then a peer asks whether the other is there.
func idles(t *testing.T, alice, bob *stage.Peer, between func() []natlab.Packet) bool {
	t.Helper()
	doubted, _ := doubts(t, alice, bob)
	hasDoubted := func() bool {
		now, _ := doubts(t, alice, bob)
		return now > doubted
	}
	time.Sleep(8 * time.Second) // what has begun ends
	if hasDoubted() {
		return false
	}
	before := len(between())
	const idle = 45 * time.Second
	time.Sleep(idle)
	seen, last, repeated := make(map[wire.DatagramKind]int), make(map[netip.Addr]time.Time), false
	for _, p := range between()[before:] {
		kind := wire.Classify(p.Payload)
		seen[kind]++
		if kind == wire.DatagramProbe {
			repeated = repeated || p.At.Sub(last[p.Src.Addr()]) < time.Second
			last[p.Src.Addr()] = p.At
		}
	}
	t.Logf("in %v: %v", idle, seen)
	const keepalives = 3 // of each side at most, one every 20 s
	probes := seen[wire.DatagramProbe]
	if probes == 0 {
		t.Errorf("no probe in %v", idle)
	}
	if seen[wire.DatagramQUIC] == 0 && probes <= 2*keepalives {
		return true
	}
	if seen[wire.DatagramQUIC] > 0 || !repeated {
		eventually(t, "somebody says that the path was in doubt, since more than keepalives went over it", hasDoubted)
	}
	return false
}

// TestIdlePairSurvivesAReboot proves that a rebooted router is noticed though
// nobody says anything: the control connection is asked now and then.
func TestIdlePairSurvivesAReboot(t *testing.T) {
	t.Parallel()
	_, _, h := directPair(t, forgetful, forgetful)
	time.Sleep(4 * time.Second) // nothing is under way any more
	before := endpointOf(t, h.bob, "alice")
	h.aliceHome.FlushConntrack()
	start := time.Now()
	eventually(t, "bob knows alice's new endpoint", func() bool {
		now := endpointOf(t, h.bob, "alice")
		return now.IsValid() && now != before
	})
	t.Logf("idle: direct again after %v", time.Since(start).Round(10*time.Millisecond))
}

//go:build linux

package natlab_test

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// Which pairs of routers a plain simultaneous probe opens, from observed endpoint to observed endpoint: the yardstick
// for what a traversal engine has to do better.
func TestPunchMatrix(t *testing.T) {
	open := natlab.Userspace(nat.Behaviour{})
	addressRestricted := natlab.Userspace(nat.Behaviour{Filtering: nat.ADF})
	perAddress := natlab.Userspace(nat.Behaviour{Mapping: nat.ADM, Filtering: nat.ADF, Allocation: nat.Random})
	sequential := natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Sequential})
	random := natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF, Allocation: nat.Random})
	for _, pair := range []struct {
		a, b  natlab.NAT
		opens bool
	}{
		{natlab.Masquerade, natlab.Masquerade, true},
		{natlab.Masquerade, natlab.FullCone, true},
		{natlab.FullyRandom, natlab.FullCone, true},
		{natlab.Masquerade, natlab.FullyRandom, false},
		{natlab.Masquerade, natlab.Sequential, false},
		{natlab.FullyRandom, natlab.FullyRandom, false},
		{open, natlab.FullyRandom, true},
		{open, random, true},
		{addressRestricted, sequential, true},
		{addressRestricted, perAddress, true},
		{restricted, restricted, true},
		{restricted, natlab.Masquerade, true},
		{restricted, perAddress, false},
		{restricted, sequential, false},
		{natlab.Masquerade, random, false},
		{perAddress, perAddress, false},
		{sequential, sequential, false},
		{sequential, random, false},
	} {
		t.Run(pair.a.String()+" and "+pair.b.String(), func(t *testing.T) {
			t.Parallel()
			lab := natlab.New(t)
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
			alice := lab.Home("a", pair.a, natlab.Link{}).Host("alice").ListenUDP(5000)
			bob := lab.Home("b", pair.b, natlab.Link{}).Host("bob").ListenUDP(6000)
			if got := punch(t, srv, alice, bob, pair.opens); got != pair.opens {
				t.Errorf("opens: %v", got)
			}
		})
	}
}

// A router that strikes must see its own host's packet first. Where the peer's comes earlier, even good routers on both
// sides do not help for a while.
func TestEarlyProbeIsPunishedByARouterThatStrikes(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	strict := lab.Home("b", natlab.Userspace(nat.Behaviour{Filtering: nat.APDF, Strike: 30 * time.Second}), natlab.Link{})
	alice := lab.Home("a", restricted, natlab.Link{}).Host("alice").ListenUDP(5000)
	bob := strict.Host("bob").ListenUDP(6000)
	aliceAt, bobAt := srv.observed(alice), srv.observed(bob)

	send(t, alice, bobAt, "early")
	eventually(t, "the router notices", func() bool { return strict.Dropped(nat.Unsolicited) == 1 })
	send(t, bob, aliceAt, "probe")
	if !hears(t, alice, bobAt, "probe", hangGuard) {
		t.Fatal("the strict router's own host is not heard")
	}
	send(t, alice, bobAt, "answer")
	eventually(t, "the answer is dropped", func() bool { return strict.Dropped(nat.Struck) == 1 })
	srv.observed(bob)
}

func TestHomesWithTheSameSubnetReachEachOther(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	home := lab.Home("a", natlab.Masquerade, natlab.Link{}, natlab.Subnet("192.168.1.0/24"))
	other := lab.Home("b", natlab.Masquerade, natlab.Link{}, natlab.Subnet("192.168.1.0/24"))
	alice, bob := home.Host("alice"), other.Host("bob")
	if alice.Addr() != bob.Addr() {
		t.Fatalf("private addresses %v and %v, want the same", alice.Addr(), bob.Addr())
	}
	if !punch(t, srv, alice.ListenUDP(5000), bob.ListenUDP(5000), true) {
		t.Error("no path")
	}
}

func TestHostsOfOneHomeReachEachOtherDirectly(t *testing.T) {
	lab := natlab.New(t)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	alice, second := home.Host("alice").ListenUDP(0), home.Host("second").ListenUDP(0)
	routed := lab.Capture()
	send(t, alice, local(second), "hello")
	if !hears(t, second, local(alice), "hello", hangGuard) {
		t.Error("not received")
	}
	if got := routed.Packets(); len(got) > 0 {
		t.Errorf("seen on the internet: %v", got)
	}
}

// Two customers of one carrier know each other by the carrier's address only.
func TestCustomersOfOneCarrierNeedHairpin(t *testing.T) {
	type options = []natlab.Option
	for name, carrier := range map[string]struct {
		nat     natlab.NAT
		options options
		opens   bool
	}{
		"masquerade":         {natlab.Masquerade, nil, false},
		"masquerade hairpin": {natlab.Masquerade, options{natlab.Hairpin()}, true},
		"port block hairpin": {natlab.Masquerade, options{natlab.Hairpin(), natlab.PortBlock(40000, 40063)}, true},
		"full cone":          {natlab.FullCone, nil, false},
		"full cone hairpin":  {natlab.FullCone, options{natlab.Hairpin()}, true},
	} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
			isp := lab.CarrierNAT("isp", carrier.nat, natlab.Link{}, carrier.options...)
			home, other := isp.Home("a", natlab.Masquerade, natlab.Link{}), isp.Home("b", natlab.Masquerade, natlab.Link{})
			for _, h := range []*natlab.Home{home, other} {
				if shared := netip.MustParsePrefix("100.64.0.0/10"); !shared.Contains(h.Addr()) {
					t.Errorf("customer's address %v is not in %v", h.Addr(), shared)
				}
			}
			alice, bob := home.Host("alice").ListenUDP(5000), other.Host("bob").ListenUDP(6000)
			if got := srv.observed(alice).Addr(); got != isp.Addr() {
				t.Errorf("observed %v, want the carrier's %v", got, isp.Addr())
			}
			if got := punch(t, srv, alice, bob, carrier.opens); got != carrier.opens {
				t.Errorf("opens: %v", got)
			}
		})
	}
}

// The conntrack clash: a probe that reaches a router with an open input chain before its own host has sent leaves an
// entry behind, which takes the port that the host's probe should have left from.
func TestEarlyProbeMovesThePortBehindInputAccept(t *testing.T) {
	for _, router := range []struct {
		nat   natlab.NAT
		moves bool
	}{{natlab.Masquerade, false}, {natlab.InputAccept, true}} {
		t.Run(router.nat.String(), func(t *testing.T) {
			lab := natlab.New(t)
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
			peer := lab.PublicHost("peer", natlab.Link{}).ListenUDP(6000)
			home := lab.Home("home", router.nat, natlab.Link{})
			conn := home.Host("alice").ListenUDP(5000)
			mapping := srv.observed(conn)
			arrivals := home.Capture()

			send(t, peer, mapping, "early")
			eventually(t, "the probe reaches the router", func() bool {
				return arrivals.Count(func(p natlab.Packet) bool { return p.Src == local(peer) && p.Dst == mapping }) == 1
			})
			if hears(t, conn, local(peer), "early", quietTime) {
				t.Fatal("the probe was forwarded")
			}
			send(t, conn, local(peer), "late")
			text, from, ok := receive(t, peer, time.Now().Add(hangGuard))
			if !ok || text != "late" {
				t.Fatalf("received %q, %v", text, ok)
			}
			if moved := from != mapping; moved != router.moves {
				t.Errorf("port moved: %v, from %v to %v", moved, mapping, from)
			}
		})
	}
}

// punch has both sides send to where the server saw the other, and answer what arrives to where it came from. It
// reports whether both heard.
func punch(t *testing.T, srv *server, alice, bob *net.UDPConn, expected bool) bool {
	t.Helper()
	aliceAt, bobAt := srv.observed(alice), srv.observed(bob)
	send(t, alice, bobAt, "probe")
	send(t, bob, aliceAt, "probe")
	deadline := time.Now().Add(patience(expected))
	var aliceHeard, bobHeard bool
	var parties sync.WaitGroup
	parties.Go(func() { aliceHeard = answer(alice, deadline) })
	parties.Go(func() { bobHeard = answer(bob, deadline) })
	parties.Wait()
	return aliceHeard && bobHeard
}

// answer waits for a probe and sends one back to where it came from.
func answer(conn *net.UDPConn, deadline time.Time) bool {
	_ = conn.SetReadDeadline(deadline)
	buffer := make([]byte, 1500)
	n, from, err := conn.ReadFromUDPAddrPort(buffer)
	if err != nil || string(buffer[:n]) != "probe" {
		return false
	}
	_, err = conn.WriteToUDPAddrPort(buffer[:n], from)
	return err == nil
}

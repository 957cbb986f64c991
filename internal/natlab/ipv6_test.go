//go:build linux

package natlab_test

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/ipv6"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// listen6 opens a socket on a host's IPv6 address.
func listen6(t *testing.T, host *natlab.Host, port uint16) *net.UDPConn {
	t.Helper()
	if !host.IPv6().IsValid() {
		t.Fatalf("%s has no IPv6 address", host.Name())
	}
	return host.ListenUDPAt(netip.AddrPortFrom(host.IPv6(), port))
}

func TestIPv6IsRoutedAndNotTranslated(t *testing.T) {
	for _, link := range []natlab.Link{{}, {Delay: time.Millisecond}} {
		for _, kind := range []natlab.NAT{natlab.FullyRandom, natlab.Userspace(nat.Behaviour{Mapping: nat.APDM})} {
			t.Run(fmt.Sprintf("%v behind %v", kind, link.Delay), func(t *testing.T) {
				lab := natlab.New(t, natlab.IPv6())
				vps := lab.PublicHost("vps", link)
				srv := startServerAt(t, vps, netip.AddrPortFrom(vps.IPv6(), 3478))
				home := lab.Home("home", kind, link)
				alice := home.Host("alice")
				conn := listen6(t, alice, 5000)
				if observed := srv.observed(conn); observed != local(conn) {
					t.Errorf("observed %v, want alice's own %v", observed, local(conn))
				}
				four := startServer(t, vps, 3478)
				if observed := four.observed(alice.ListenUDP(5000)); observed.Addr() != home.Addr() {
					t.Errorf("by IPv4 observed %v, want the router's %v", observed, home.Addr())
				}
				bob := home.Host("bob")
				inside := startServerAt(t, bob, netip.AddrPortFrom(bob.IPv6(), 3478))
				if observed := inside.observed(conn); observed != local(conn) {
					t.Errorf("on the LAN observed %v, want alice's own %v", observed, local(conn))
				}
			})
		}
	}
}

// TestHomesLetInByIPv6WhatBelongsToWhatWentOut proves the firewall: strangers stay
// outside, and two homes that send to each other at the same time meet.
func TestHomesLetInByIPv6WhatBelongsToWhatWentOut(t *testing.T) {
	lab := natlab.New(t, natlab.IPv6())
	home := lab.Home("a", natlab.Masquerade, natlab.Link{Delay: 10 * time.Millisecond})
	a := listen6(t, home.Host("alice"), 5000)
	b := listen6(t, lab.Home("b", natlab.Masquerade, natlab.Link{Delay: 10 * time.Millisecond}).Host("bob"), 5000)
	stranger := listen6(t, lab.PublicHost("stranger", natlab.Link{}), 5000)

	send(t, stranger, local(a), "unsolicited")
	if hears(t, a, local(stranger), "unsolicited", quietTime) {
		t.Error("a stranger's packet comes in")
	}
	send(t, a, local(b), "from a")
	send(t, b, local(a), "from b")
	if !hears(t, a, local(b), "from b", hangGuard) || !hears(t, b, local(a), "from a", hangGuard) {
		t.Error("two homes that send at the same time do not meet")
	}
	home.FlushConntrack()
	send(t, b, local(a), "after a reboot")
	if hears(t, a, local(b), "after a reboot", quietTime) {
		t.Error("a router that has rebooted lets in what belonged to a flow before")
	}
	home.SetDown()
	send(t, a, local(b), "into the dark")
	if hears(t, b, local(a), "into the dark", quietTime) {
		t.Error("a router that is down forwards IPv6")
	}
	home.SetUp()
	send(t, a, local(b), "up again")
	if !hears(t, b, local(a), "up again", hangGuard) {
		t.Error("a router that is up again forwards no IPv6")
	}
}

func TestWhoBlocksUDPBlocksItByIPv6(t *testing.T) {
	for _, kind := range []natlab.NAT{natlab.UDPBlocked, natlab.Userspace(nat.Behaviour{UDPBlocked: true})} {
		lab := natlab.New(t, natlab.IPv6())
		vps := lab.PublicHost("vps", natlab.Link{})
		srv := startServerAt(t, vps, netip.AddrPortFrom(vps.IPv6(), 3478))
		if _, ok := srv.ask(listen6(t, lab.Home("home", kind, natlab.Link{}).Host("alice"), 0), quietTime); ok {
			t.Errorf("%v passes UDP by IPv6", kind)
		}
	}
}

// TestIPv6PassesTheRoutersOnItsWay proves that each lowers the hop limit, as many
// as in IPv4.
func TestIPv6PassesTheRoutersOnItsWay(t *testing.T) {
	const hops = 6
	lab := natlab.New(t, natlab.IPv6(), natlab.Hops(hops))
	vps := lab.PublicHost("vps", natlab.Link{})
	there := listen6(t, vps, 3478)
	packets := ipv6.NewPacketConn(there)
	if err := packets.SetControlMessage(ipv6.FlagHopLimit, true); err != nil {
		t.Fatal(err)
	}
	conn := listen6(t, lab.Home("home", natlab.Masquerade, natlab.Link{}).Host("alice"), 5000)
	if err := ipv6.NewConn(conn).SetHopLimit(64); err != nil {
		t.Fatal(err)
	}
	send(t, conn, local(there), "count")
	if err := there.SetReadDeadline(time.Now().Add(hangGuard)); err != nil {
		t.Fatal(err)
	}
	_, control, _, err := packets.ReadFrom(make([]byte, 64))
	if err != nil {
		t.Fatal(err)
	}
	if want := 64 - 1 - hops; control.HopLimit != want {
		t.Errorf("arrives with hop limit %d, want %d after the home router and %d of the internet", control.HopLimit, want, hops)
	}
}

// TestAnAccessLinkDelaysIPv6 proves that it takes the same cable.
func TestAnAccessLinkDelaysIPv6(t *testing.T) {
	const delay = 50 * time.Millisecond
	lab := natlab.New(t, natlab.IPv6())
	vps := lab.PublicHost("vps", natlab.Link{})
	srv := startServerAt(t, vps, netip.AddrPortFrom(vps.IPv6(), 3478))
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	conn := listen6(t, home.Host("alice"), 5000)
	home.SetLink(natlab.Link{Delay: delay}) // a cable that is cut and mended
	start := time.Now()
	srv.observed(conn)
	if took := time.Since(start); took < 2*delay {
		t.Errorf("a round trip took %v, want at least %v", took, 2*delay)
	}
}

// TestOnlyThoseWhoAskHaveIPv6 proves that a lab without the option, and a home
// without it, have no IPv6 address at all, not even a link-local one.
func TestOnlyThoseWhoAskHaveIPv6(t *testing.T) {
	without, with := natlab.New(t), natlab.New(t, natlab.IPv6())
	for name, host := range map[string]*natlab.Host{
		"public host":                  without.PublicHost("vps", natlab.Link{}),
		"home":                         without.Home("home", natlab.Masquerade, natlab.Link{}).Host("alice"),
		"IPv4 home in a lab with IPv6": with.Home("old", natlab.Masquerade, natlab.Link{}, natlab.IPv4Only()).Host("bob"),
		"customer of a carrier": with.CarrierNAT("isp", natlab.Masquerade, natlab.Link{}).
			Home("customer", natlab.Masquerade, natlab.Link{}).Host("carol"),
	} {
		if got := addresses6(t, host); len(got) > 0 || host.IPv6().IsValid() {
			t.Errorf("%s has IPv6 addresses %v", name, got)
		}
	}
	host := with.Home("new", natlab.Masquerade, natlab.Link{}).Host("dave")
	if got := addresses6(t, host); len(got) != 1 || got[0] != host.IPv6() {
		t.Errorf("a home with IPv6 has the addresses %v, want %v alone", got, host.IPv6())
	}
}

// addresses6 lists a host's IPv6 addresses but for loopback's.
func addresses6(t *testing.T, host *natlab.Host) (list []netip.Addr) {
	t.Helper()
	err := host.Do(func() error {
		addrs, err := net.InterfaceAddrs()
		for _, addr := range addrs {
			prefix := netip.MustParsePrefix(addr.String())
			if a := prefix.Addr(); a.Is6() && !a.IsLoopback() {
				list = append(list, a)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

//go:build linux

package natlab_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"peerd/internal/natlab"
)

// TestRoutersTellOfASmallerMTU proves that whoever sends more than an access link
// takes, in either direction, is told so by the router in front of it.
func TestRoutersTellOfASmallerMTU(t *testing.T) {
	const mtu, headers = 1280, 28
	for name, link := range map[string]natlab.Link{"plain": {MTU: mtu}, "delayed": {MTU: mtu, Delay: time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			vps := lab.PublicHost("vps", natlab.Link{})
			srv := startServer(t, vps, 3478)
			home := lab.Home("home", natlab.Masquerade, link)
			if got := home.Link(); got != link {
				t.Errorf("the link is %+v, want %+v", got, link)
			}
			alice := home.Host("alice")
			inside, outside := alice.ListenUDP(5000), vps.ListenUDP(9)
			aliceAt := srv.observed(inside)
			send(t, inside, local(outside), "opens the way")
			fits, larger := strings.Repeat("f", mtu-headers), strings.Repeat("l", mtu-headers+1)
			for _, way := range []struct {
				from, to *net.UDPConn
				at       netip.AddrPort
				told     *natlab.Capture
			}{{inside, outside, local(outside), alice.Capture()}, {outside, inside, aliceAt, vps.Capture()}} {
				dontFragment(t, way.from)
				send(t, way.from, way.at, larger)
				eventually(t, "the sender is told", func() bool { return way.told.Count(tellsOf(mtu)) == 1 })
				send(t, way.from, way.at, fits)
			}
			if !hears(t, outside, aliceAt, fits, hangGuard) || !hears(t, inside, local(outside), fits, hangGuard) {
				t.Error("a packet that fits is lost")
			}
		})
	}
}

// dontFragment has a socket send datagrams whole or not at all, whatever it was
// told of the path.
func dontFragment(t *testing.T, conn *net.UDPConn) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var optErr error
	if err := raw.Control(func(fd uintptr) {
		optErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	}); err != nil || optErr != nil {
		t.Fatal(err, optErr)
	}
}

// tellsOf matches the report of a router that a packet is too long for the next
// link (RFC 1191 section 4).
func tellsOf(mtu int) func(natlab.Packet) bool {
	return func(p natlab.Packet) bool {
		const unreachable, fragmentationNeeded = 3, 4
		return p.Protocol == natlab.ICMP && p.Payload[0] == unreachable && p.Payload[1] == fragmentationNeeded &&
			int(binary.BigEndian.Uint16(p.Payload[6:])) == mtu
	}
}

func TestImpossibleMTUIsAnError(t *testing.T) {
	for _, mtu := range []int{-1, 67, 1501} {
		lab := openLab(t)
		lab.Home("home", natlab.Masquerade, natlab.Link{MTU: mtu})
		if lab.Err() == nil {
			t.Errorf("%d accepted", mtu)
		}
	}
}

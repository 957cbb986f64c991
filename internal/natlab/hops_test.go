//go:build linux

package natlab_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// sendWithTTL sends a datagram that lives for so many hops.
func sendWithTTL(t *testing.T, conn *net.UDPConn, to netip.AddrPort, ttl int) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	set := func(ttl int) {
		var optErr error
		if err := raw.Control(func(fd uintptr) {
			optErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, ttl)
		}); err != nil || optErr != nil {
			t.Fatal(err, optErr)
		}
	}
	set(ttl)
	send(t, conn, to, fmt.Sprintf("ttl %d", ttl))
	set(64)
}

// timeExceeded returns who reported to a host that a packet died, in order.
func timeExceeded(capture *natlab.Capture) (routers []netip.Addr) {
	for _, p := range capture.Packets() {
		const timeExceeded = 11
		if p.Protocol == natlab.ICMP && p.Payload[0] == timeExceeded {
			routers = append(routers, p.Src.Addr())
		}
	}
	return routers
}

func TestPacketsDieOnTheWayAndEachRouterSaysSo(t *testing.T) {
	const hops = 6
	for name, kind := range map[string]natlab.NAT{"kernel": natlab.Masquerade, "userspace": restricted} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t, natlab.Hops(hops))
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
			homeA, homeB := lab.Home("a", kind, natlab.Link{}), lab.Home("b", kind, natlab.Link{})
			alice, bob := homeA.Host("alice"), homeB.Host("bob")
			connA, connB := alice.ListenUDP(5000), bob.ListenUDP(6000)
			aliceAt, bobAt := srv.observed(connA), srv.observed(connB)
			send(t, connB, aliceAt, "opens the way")
			reports, arrived := alice.Capture(), bob.Capture()

			want := []netip.Addr{homeA.Gateway()}
			first := netip.MustParseAddr("192.0.2.1")
			for addr := first; len(want) < hops; addr = addr.Next() {
				want = append(want, addr)
			}
			want = append(want, first, homeB.Addr())
			for ttl := range len(want) {
				sendWithTTL(t, connA, bobAt, ttl+1)
				eventually(t, fmt.Sprintf("report for TTL %d", ttl+1), func() bool {
					return len(timeExceeded(reports)) == ttl+1
				})
			}
			if got := timeExceeded(reports); !slices.Equal(got, want) {
				t.Errorf("reported by %v, want %v", got, want)
			}
			if got := arrived.Packets(); len(got) != 0 {
				t.Errorf("bob received %v", got)
			}
			sendWithTTL(t, connA, bobAt, len(want)+1)
			if !hears(t, connB, aliceAt, fmt.Sprintf("ttl %d", len(want)+1), hangGuard) {
				t.Error("one hop more does not arrive")
			}
			if got := arrived.Packets(); len(got) != 1 || got[0].TTL != 1 {
				t.Errorf("bob received %v, want one packet with TTL 1", got)
			}
		})
	}
}

func TestCaptureSeesEachPacketOnceWhateverTheHops(t *testing.T) {
	lab := natlab.New(t, natlab.Hops(6))
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	conn := lab.PublicHost("peer", natlab.Link{}).ListenUDP(0)
	capture := lab.Capture()
	srv.observed(conn)
	if got := capture.Packets(); len(got) != 2 {
		t.Errorf("saw %v, want a question and an answer", got)
	}
}

func TestImpossibleHopsAreErrors(t *testing.T) {
	for _, hops := range []int{-1, 0, 2, 1000} {
		if lab, err := natlab.Open(natlab.Hops(hops)); err == nil {
			lab.Close()
			t.Errorf("%d accepted", hops)
		}
	}
}

// What a host is told about a packet that found nobody: its socket gets the error for its own packet.
func TestPortUnreachableComesThroughUserspaceRouters(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	home := lab.Home("home", restricted, natlab.Link{})
	alice := home.Host("alice")
	var conn *net.UDPConn
	if err := alice.Do(func() (err error) {
		conn, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(vps.AddrPort(9)))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	eventually(t, "the error arrives", func() bool {
		_, err := conn.Write([]byte("anybody?"))
		return err != nil
	})
	if got := home.Dropped(nat.Unrelated); got != 0 {
		t.Errorf("%d errors were dropped", got)
	}
}

//go:build linux

package natlab_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"peerd/internal/natlab"
)

func TestDelayIsThereInBothDirections(t *testing.T) {
	const vpsDelay, homeDelay = 5 * time.Millisecond, 20 * time.Millisecond
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{Delay: vpsDelay}), 3478)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{Delay: homeDelay})
	conn := home.Host("alice").ListenUDP(0)
	if rtt, want := roundTrip(srv, conn), 2*(vpsDelay+homeDelay); rtt < want {
		t.Errorf("round trip %v, want %v or more", rtt, want)
	}
	home.SetLink(natlab.Link{Delay: 3 * homeDelay})
	if rtt, want := roundTrip(srv, conn), 2*(vpsDelay+3*homeDelay); rtt < want {
		t.Errorf("round trip %v after the change, want %v or more", rtt, want)
	}
}

func roundTrip(srv *server, conn *net.UDPConn) time.Duration {
	start := time.Now()
	srv.observed(conn)
	return time.Since(start)
}

func TestPerfectLinkCanBeImpairedWithoutLosingMappings(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	home := lab.Home("home", natlab.FullyRandom, natlab.Link{})
	conn := home.Host("alice").ListenUDP(0)
	before := srv.observed(conn)
	slow := natlab.Link{Delay: 10 * time.Millisecond}
	home.SetLink(slow)
	if rtt, want := roundTrip(srv, conn), 2*slow.Delay; rtt < want {
		t.Errorf("round trip %v, want %v or more", rtt, want)
	}
	if after := srv.observed(conn); after != before {
		t.Errorf("mapping %v became %v", before, after)
	}
	if got := home.Link(); got != slow {
		t.Errorf("link is %+v, want %+v", got, slow)
	}
}

func TestLinksOfHostsBehindRoutersCanBeImpaired(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	alice := lab.Home("home", natlab.Masquerade, natlab.Link{}).Host("alice")
	conn := alice.ListenUDP(0)
	srv.observed(conn)
	wifi := natlab.Link{Delay: 10 * time.Millisecond}
	alice.SetLink(wifi)
	if rtt, want := roundTrip(srv, conn), 2*wifi.Delay; rtt < want {
		t.Errorf("round trip %v, want %v or more", rtt, want)
	}
}

func TestPulledOutLinkPassesNothingUntilItIsBack(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	conn := home.Host("alice").ListenUDP(0)
	before := srv.observed(conn)
	home.SetLink(natlab.Link{Down: true})
	if _, answered := srv.ask(conn, quietTime); answered {
		t.Error("a packet got through")
	}
	home.SetLink(natlab.Link{})
	if after := srv.observed(conn); after != before {
		t.Errorf("mapping %v became %v", before, after)
	}
}

func TestLossIsNearTheShareAskedFor(t *testing.T) {
	const sent, loss = 2000, 0.2
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	srv := startServer(t, vps, 3478)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{Loss: loss})
	alice := home.Host("alice")
	conn := alice.ListenUDP(0)
	arrived := lab.Capture()

	isCounted := func(p natlab.Packet) bool { return string(p.Payload) == "counted" }
	left := home.Capture()
	for i := range sent {
		send(t, conn, vps.AddrPort(9), "counted")
		if i%50 == 0 { // the wire's buffer is small in a user namespace
			eventually(t, "the router passes it on", func() bool { return left.Count(isCounted) > i })
		}
	}
	// A link keeps the order, so that an answer comes after everything that was sent before it. It may take some tries.
	asking := alice.ListenUDP(0)
	eventually(t, "the link is empty", func() bool {
		_, answered := srv.ask(asking, quietTime)
		return answered
	})
	if lost := 1 - float64(arrived.Count(isCounted))/sent; lost < loss/2 || lost > 2*loss {
		t.Errorf("%.1f %% lost, want about %.0f %%", 100*lost, 100*loss)
	}
}

// TestLinkReordersAndDuplicates sends numbered packets, which the wire must not lose.
func TestLinkReordersAndDuplicates(t *testing.T) {
	const sent, reordered, duplicated = 1000, 0.25, 0.1
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	receiver := vps.ListenUDP(0)
	link := natlab.Link{Delay: 10 * time.Millisecond, Reorder: reordered, Duplicate: duplicated}
	conn := lab.Home("home", natlab.Masquerade, link).Host("alice").ListenUDP(0)
	to := vps.AddrPort(receiver.LocalAddr().(*net.UDPAddr).AddrPort().Port())

	seen := make(map[uint32]bool)
	twice, overtaken, highest := 0, 0, uint32(0)
	receive := func() {
		t.Helper()
		buffer := make([]byte, 16)
		receiver.SetReadDeadline(time.Now().Add(hangGuard))
		if _, err := receiver.Read(buffer); err != nil {
			t.Fatalf("%d of %d arrived: %v", len(seen), sent, err)
		}
		number := binary.BigEndian.Uint32(buffer)
		switch {
		case seen[number]:
			twice++
		case number < highest:
			overtaken++
		}
		seen[number], highest = true, max(number, highest)
	}
	for i := range uint32(sent) {
		if i >= 50 { // the wire's buffer is small in a user namespace
			receive()
		}
		send(t, conn, to, string(binary.BigEndian.AppendUint32(nil, i)))
	}
	for len(seen) < sent {
		receive()
	}
	if share := float64(twice) / sent; share < duplicated/3 || share > 3*duplicated {
		t.Errorf("%.1f %% came twice, want about %.0f %%", 100*share, 100*duplicated)
	}
	if overtaken < sent/10 {
		t.Errorf("%d of %d were overtaken though %.0f %% skip the delay", overtaken, sent, 100*reordered)
	}
}

func TestImpossibleLinkIsAnError(t *testing.T) {
	impossible := []natlab.Link{{Delay: -1}, {Loss: -0.1}, {Loss: 1.1}, {Duplicate: -0.1}, {Delay: 1, Reorder: 1.1}, {Reorder: 0.1}}
	for _, link := range impossible {
		t.Run(fmt.Sprint(link), func(t *testing.T) {
			lab := openLab(t)
			lab.PublicHost("vps", link)
			if lab.Err() == nil {
				t.Error("accepted")
			}
		})
	}
}

// BenchmarkTCP measures the throughput from a public host into a home.
func BenchmarkTCP(b *testing.B) {
	for name, path := range map[string]struct {
		kind natlab.NAT
		link natlab.Link
	}{
		"perfect":   {natlab.Masquerade, natlab.Link{}},
		"delay":     {natlab.Masquerade, natlab.Link{Delay: 5 * time.Millisecond}},
		"userspace": {restricted, natlab.Link{}},
	} {
		b.Run(name, func(b *testing.B) {
			lab := natlab.New(b)
			listener := lab.PublicHost("vps", natlab.Link{}).ListenTCP(0)
			alice := lab.Home("home", path.kind, path.link).Host("alice")
			var sender sync.WaitGroup
			sender.Go(func() { sendForever(listener) })
			conn, err := alice.DialTCP(b.Context(), listener.Addr().(*net.TCPAddr).AddrPort())
			if err != nil {
				b.Fatal(err)
			}
			block := make([]byte, 1<<20)
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				if _, err := io.ReadFull(conn, block); err != nil {
					b.Fatal(err)
				}
			}
			conn.Close()
			sender.Wait()
		})
	}
}

// sendForever sends to the first caller until it hangs up.
func sendForever(listener *net.TCPListener) {
	conn, err := listener.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	for block := make([]byte, 1<<18); err == nil; {
		_, err = conn.Write(block)
	}
}

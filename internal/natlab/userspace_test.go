//go:build linux

package natlab_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// The combinations of RFC 4787 behaviours as sockets see them; package nat tests what each means.
func TestUserspaceRouterBehavesAsDescribed(t *testing.T) {
	for mapping := nat.EIM; mapping <= nat.APDM; mapping++ {
		for filtering := nat.EIF; filtering <= nat.APDF; filtering++ {
			for allocation := nat.Preserving; allocation <= nat.Random; allocation++ {
				behaviour := nat.Behaviour{Mapping: mapping, Filtering: filtering, Allocation: allocation}
				t.Run(behaviour.String(), func(t *testing.T) {
					t.Parallel()
					observeBehaviour(t, behaviour)
				})
			}
		}
	}
}

func observeBehaviour(t *testing.T, behaviour nat.Behaviour) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	second := lab.AddPublicAddress(vps)
	srv, otherPort := startServer(t, vps, 3478), startServer(t, vps, 3479)
	otherAddress := startServerAt(t, vps, netip.AddrPortFrom(second, 3478))
	home := lab.Home("home", natlab.Userspace(behaviour), natlab.Link{})
	inside := uint16(5000)
	if behaviour.Allocation != nat.Preserving {
		inside = 500 // below what routers give out: chance does not preserve it
	}
	conn := home.Host("alice").ListenUDP(inside)

	// Filtering first, while the router knows of one flow only.
	mapping := srv.observed(conn)
	if mapping.Addr() != home.Addr() {
		t.Errorf("observed %v, want the router's address %v", mapping, home.Addr())
	}
	for _, c := range []struct {
		name     string
		from     *server
		comesIn  bool
		rejected int
	}{
		{"same endpoint", srv, true, 0},
		{"other port", otherPort, behaviour.Filtering <= nat.ADF, 1},
		{"other address", otherAddress, behaviour.Filtering == nat.EIF, 1},
	} {
		before := home.Dropped(nat.Unsolicited)
		send(t, c.from.conn, mapping, "unsolicited")
		if c.comesIn {
			if !hears(t, conn, c.from.addr(), "unsolicited", hangGuard) {
				t.Errorf("%s is filtered", c.name)
			}
			continue
		}
		eventually(t, c.name+" is dropped", func() bool { return home.Dropped(nat.Unsolicited) == before+c.rejected })
	}

	if got, want := otherPort.observed(conn) == mapping, behaviour.Mapping <= nat.ADM; got != want {
		t.Errorf("same mapping for another port: %v, want %v", got, want)
	}
	next := otherAddress.observed(conn)
	if got, want := next == mapping, behaviour.Mapping == nat.EIM; got != want {
		t.Errorf("same mapping for another address: %v, want %v", got, want)
	}
	if got, want := mapping.Port() == inside, behaviour.Allocation == nat.Preserving; got != want {
		t.Errorf("port preserved: %v, observed %v", got, mapping)
	}
	// A new socket gets the next port after the last mapping made, which is next's, and another one the next after that:
	// two, since a random port is the next one now and then.
	other, another := srv.observed(home.Host("other").ListenUDP(inside)), srv.observed(home.Host("another").ListenUDP(inside))
	inSequence := other.Port() == next.Port()+1 && another.Port() == other.Port()+1
	if want := behaviour.Allocation == nat.Sequential; inSequence != want {
		t.Errorf("ports in sequence: %v, observed %v, %v and %v", inSequence, next, other, another)
	}
	if got, want := home.Flows().Mappings, 3+int(behaviour.Mapping); got != want {
		t.Errorf("%d mappings, want %d", got, want)
	}
}

func TestUserspaceMappingTimesOut(t *testing.T) {
	const timeout = 300 * time.Millisecond
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	home := lab.Home("home", natlab.Userspace(nat.Behaviour{UDPTimeout: time.Hour}), natlab.Link{})
	conn := home.Host("alice").ListenUDP(5000)
	mapping := srv.observed(conn)
	home.SetUDPTimeout(timeout)
	eventually(t, "the mapping is forgotten", func() bool { return home.Flows().Mappings == 0 })
	send(t, srv.conn, mapping, "still there?")
	eventually(t, "the packet is dropped", func() bool { return home.Dropped(nat.Unsolicited) == 1 })
}

func TestUserspaceRouterHairpins(t *testing.T) {
	for filtering := nat.EIF; filtering <= nat.APDF; filtering++ {
		t.Run(filtering.String(), func(t *testing.T) {
			lab := natlab.New(t)
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
			home := lab.Home("home", natlab.Userspace(nat.Behaviour{Filtering: filtering}), natlab.Link{}, natlab.Hairpin())
			alice, bob := home.Host("alice").ListenUDP(5000), home.Host("bob").ListenUDP(6000)
			aliceAt, bobAt := srv.observed(alice), srv.observed(bob)
			send(t, alice, bobAt, "first")
			if filtering == nat.EIF {
				if !hears(t, bob, aliceAt, "first", hangGuard) {
					t.Error("not received")
				}
			} else {
				eventually(t, "it is filtered", func() bool { return home.Dropped(nat.Unsolicited) == 1 })
			}
			send(t, bob, aliceAt, "answer")
			if !hears(t, alice, bobAt, "answer", hangGuard) {
				t.Error("the answer was not received")
			}
		})
	}
}

func TestUserspaceRouterWithoutHairpinDropsWhatIsForItself(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	home := lab.Home("home", natlab.Userspace(nat.Behaviour{}), natlab.Link{})
	alice, bob := home.Host("alice").ListenUDP(5000), home.Host("bob").ListenUDP(6000)
	send(t, alice, srv.observed(bob), "hello")
	eventually(t, "it is dropped", func() bool { return home.Dropped(nat.NoHairpin) == 1 })
}

func TestSessionLimitStopsNewFlows(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	srv := startServer(t, vps, 3478)
	home := lab.Home("home", natlab.Userspace(nat.Behaviour{SessionLimit: 10}), natlab.Link{})
	conn := home.Host("alice").ListenUDP(5000)
	for port := range uint16(20) {
		send(t, conn, vps.AddrPort(9000+port), "probe")
	}
	eventually(t, "ten are refused", func() bool { return home.Dropped(nat.SessionLimited) == 10 })
	if got, want := home.Flows(), (natlab.Flows{Mappings: 1, Open: 10, Opened: 10}); got != want {
		t.Errorf("flows %+v, want %+v", got, want)
	}
	home.FlushConntrack()
	srv.observed(conn)
}

func TestStrikeShutsTheSenderOut(t *testing.T) {
	const strike = 5 * time.Second // longer than a machine under load takes to send the next packet
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	srv, stranger := startServer(t, vps, 3478), startServer(t, vps, 3479)
	home := lab.Home("home", natlab.Userspace(nat.Behaviour{Filtering: nat.APDF, Strike: strike}), natlab.Link{})
	conn := home.Host("alice").ListenUDP(5000)
	mapping := srv.observed(conn)
	send(t, stranger.conn, mapping, "unsolicited")
	eventually(t, "it is dropped", func() bool { return home.Dropped(nat.Unsolicited) == 1 })
	send(t, srv.conn, mapping, "solicited")
	eventually(t, "that is dropped too", func() bool { return home.Dropped(nat.Struck) == 1 })
	eventually(t, "the server is let in again", func() bool {
		_, answered := srv.ask(conn, 50*time.Millisecond)
		return answered
	})
}

func TestUserspaceUDPBlockedStillPassesTCP(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	listener := vps.ListenTCP(443)
	home := lab.Home("home", natlab.Userspace(nat.Behaviour{UDPBlocked: true}), natlab.Link{})
	alice := home.Host("alice")
	send(t, alice.ListenUDP(0), vps.AddrPort(9), "hello")
	eventually(t, "it is dropped", func() bool { return home.Dropped(nat.UDPDisallowed) == 1 })
	exchange(t, listener, alice, 1<<20)
}

// Datagrams that a program hands to the kernel in one buffer pass one by one, each with a checksum of its own.
func TestSuperBuffersPassInPieces(t *testing.T) {
	const size, pieces = 500, 10
	for name, link := range map[string]natlab.Link{"perfect": {}, "delay": {Delay: time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			lab := natlab.New(t)
			vps := lab.PublicHost("vps", link)
			srv := startServer(t, vps, 3478)
			home := lab.Home("home", restricted, link)
			conn := home.Host("alice").ListenUDP(5000)
			mapping := srv.observed(conn)
			sink := vps.ListenUDP(9)
			send(t, conn, local(sink), "opens the way")
			for _, way := range []struct {
				from, to *net.UDPConn
				addr     netip.AddrPort
			}{{conn, sink, local(sink)}, {sink, conn, mapping}} {
				segment(t, way.from, size)
				send(t, way.from, way.addr, strings.Repeat("x", size*pieces))
				for i := range pieces {
					for text := ""; len(text) != size; {
						var ok bool
						if text, _, ok = receive(t, way.to, time.Now().Add(hangGuard)); !ok {
							t.Fatalf("piece %d did not arrive", i)
						}
					}
				}
			}
		})
	}
}

// segment has the kernel cut what is sent into datagrams of a size.
func segment(t *testing.T, conn *net.UDPConn, size int) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var optErr error
	err = raw.Control(func(fd uintptr) { optErr = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, size) })
	if err != nil || optErr != nil {
		t.Fatal(err, optErr)
	}
}

// BenchmarkUserspaceRouter measures how fast datagrams pass through, from a host to the internet.
func BenchmarkUserspaceRouter(b *testing.B) {
	const window = 64 // datagrams under way: what the socket of the receiver has room for
	lab := natlab.New(b)
	sink := lab.PublicHost("vps", natlab.Link{}).ListenUDP(9)
	home := lab.Home("home", natlab.Userspace(nat.Behaviour{Mapping: nat.APDM, Filtering: nat.APDF}), natlab.Link{})
	conn := home.Host("alice").ListenUDP(0)
	payload, buffer := make([]byte, 1200), make([]byte, 1500)
	to := local(sink)
	for b.Loop() {
		for range window {
			if _, err := conn.WriteToUDPAddrPort(payload, to); err != nil {
				b.Fatal(err)
			}
		}
		for range window {
			_ = sink.SetReadDeadline(time.Now().Add(hangGuard))
			if _, _, err := sink.ReadFromUDPAddrPort(buffer); err != nil {
				b.Fatalf("a datagram was lost: %v", err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*window/b.Elapsed().Seconds(), "packets/s")
}

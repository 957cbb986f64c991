//go:build linux

package natlab_test

import (
	"context"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/natlab/nat"
)

// restricted is a home router like Masquerade, in user space.
var restricted = natlab.Userspace(nat.Behaviour{Filtering: nat.APDF})

// What each kind of router does to UDP, observed from inside as RFC 5780 does: the mappings seen by two servers, and
// whose unsolicited packets come in.
func TestEachKindOfRouterBehavesAsDocumented(t *testing.T) {
	for _, kind := range []struct {
		name          string
		nat           natlab.NAT
		options       []natlab.Option
		preservesPort bool // the mapping's port is the socket's own
		sameMapping   bool // one mapping for all destinations: EIM
		acceptsAny    bool // a stranger's packets come in: EIF
	}{
		{name: "masquerade", nat: natlab.Masquerade, preservesPort: true, sameMapping: true},
		{name: "input accept", nat: natlab.InputAccept, preservesPort: true, sameMapping: true},
		{name: "fully random", nat: natlab.FullyRandom},
		{name: "sequential", nat: natlab.Sequential},
		{name: "full cone", nat: natlab.FullCone, preservesPort: true, sameMapping: true, acceptsAny: true},
		{name: "masquerade in a port block", nat: natlab.Masquerade,
			options: []natlab.Option{natlab.PortBlock(40000, 40063)}, sameMapping: true},
		{name: "full cone in a port block", nat: natlab.FullCone,
			options: []natlab.Option{natlab.PortBlock(40000, 40063)}, sameMapping: true, acceptsAny: true},
	} {
		t.Run(kind.name, func(t *testing.T) {
			lab := natlab.New(t)
			vps := lab.PublicHost("vps", natlab.Link{})
			stranger := lab.PublicHost("stranger", natlab.Link{}).ListenUDP(0)
			one, other := startServer(t, vps, 3478), startServer(t, vps, 3479)
			home := lab.Home("home", kind.nat, natlab.Link{}, kind.options...)
			conn := home.Host("alice").ListenUDP(5000)

			mapping := one.observed(conn)
			if mapping.Addr() != home.Addr() {
				t.Errorf("observed %v, want the router's address %v", mapping, home.Addr())
			}
			if got := mapping.Port() == 5000; got != kind.preservesPort {
				t.Errorf("port preserved: %v, observed %v", got, mapping)
			}
			second := other.observed(conn)
			if got := second == mapping; got != kind.sameMapping {
				t.Errorf("same mapping for both servers: %v, observed %v and %v", got, mapping, second)
			}
			send(t, stranger, mapping, "unsolicited")
			if got := hears(t, conn, local(stranger), "unsolicited", patience(kind.acceptsAny)); got != kind.acceptsAny {
				t.Errorf("accepts a stranger's packet: %v", got)
			}
		})
	}
}

func TestSequentialNATCountsUp(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	conn := lab.Home("home", natlab.Sequential, natlab.Link{}).Host("alice").ListenUDP(5000)
	previous := startServer(t, vps, 3478).observed(conn).Port()
	for port := range uint16(4) {
		next := startServer(t, vps, 3479+port).observed(conn).Port()
		if next != previous+1 {
			t.Errorf("port %d after %d", next, previous)
		}
		previous = next
	}
}

func TestFullConeSendsEachInsideHostItsOwn(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	stranger := lab.PublicHost("stranger", natlab.Link{}).ListenUDP(0)
	home := lab.Home("home", natlab.FullCone, natlab.Link{})
	first, second := home.Host("first").ListenUDP(5000), home.Host("second").ListenUDP(5000)

	toFirst, toSecond := srv.observed(first), srv.observed(second)
	if toFirst == toSecond {
		t.Fatalf("both hosts are mapped to %v", toFirst)
	}
	send(t, stranger, toFirst, "for first")
	send(t, stranger, toSecond, "for second")
	if !hears(t, first, local(stranger), "for first", hangGuard) {
		t.Error("the first host did not get its packet")
	}
	if !hears(t, second, local(stranger), "for second", hangGuard) {
		t.Error("the second host did not get its packet")
	}
	send(t, second, local(stranger), "answer")
	if !hears(t, stranger, toSecond, "answer", hangGuard) {
		t.Error("the answer to a stranger did not leave from the mapping")
	}
}

func TestUDPBlockedStillPassesTCP(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	srv, listener := startServer(t, vps, 3478), vps.ListenTCP(443)
	alice := lab.Home("home", natlab.UDPBlocked, natlab.Link{}).Host("alice")
	capture := lab.Capture()

	if _, answered := srv.ask(alice.ListenUDP(0), quietTime); answered {
		t.Error("UDP was answered")
	}
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	conn, err := alice.DialTCP(ctx, vps.AddrPort(443))
	if err != nil {
		t.Fatalf("TCP: %v", err)
	}
	conn.Close()
	listener.Close()
	if n := capture.Count(func(p natlab.Packet) bool { return p.Protocol == natlab.UDP }); n != 0 {
		t.Errorf("%d UDP packets left the home", n)
	}
}

func TestRebootLosesMappings(t *testing.T) {
	for _, kind := range []natlab.NAT{natlab.Masquerade, natlab.FullCone, restricted} {
		t.Run(kind.String(), func(t *testing.T) {
			lab := natlab.New(t)
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
			home := lab.Home("home", kind, natlab.Link{})
			conn := home.Host("alice").ListenUDP(5000)
			mapping := srv.observed(conn)

			send(t, srv.conn, mapping, "before")
			if !hears(t, conn, srv.addr(), "before", hangGuard) {
				t.Fatal("the mapping does not work")
			}
			home.SetDown()
			if _, answered := srv.ask(conn, quietTime); answered {
				t.Error("a stopped router forwards")
			}
			home.FlushConntrack()
			home.SetUp()
			send(t, srv.conn, mapping, "after")
			if hears(t, conn, srv.addr(), "after", quietTime) {
				t.Error("the mapping survived")
			}
			if again := srv.observed(conn); again != mapping {
				t.Errorf("new mapping %v, want a port-preserving router to make %v again", again, mapping)
			}
		})
	}
}

func TestNewOutsideAddressIsUsedAtOnce(t *testing.T) {
	for _, kind := range []natlab.NAT{natlab.Masquerade, natlab.Sequential, natlab.FullCone, restricted} {
		t.Run(kind.String(), func(t *testing.T) {
			lab := natlab.New(t)
			srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
			home := lab.Home("home", kind, natlab.Link{Delay: time.Millisecond})
			conn := home.Host("alice").ListenUDP(5000)
			before := srv.observed(conn)
			home.ChangeAddress()
			after := srv.observed(conn)
			if after.Addr() == before.Addr() || after.Addr() != home.Addr() {
				t.Errorf("observed %v after the change from %v, the router says %v", after, before, home.Addr())
			}
			send(t, srv.conn, before, "to the old address")
			if hears(t, conn, srv.addr(), "to the old address", quietTime) {
				t.Error("the old address still works")
			}
		})
	}
}

func TestUDPMappingTimesOut(t *testing.T) {
	lab := natlab.New(t)
	srv := startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	home.SetUDPTimeout(time.Second)
	conn := home.Host("alice").ListenUDP(5000)
	mapping := srv.observed(conn)
	for deadline := time.Now().Add(hangGuard); time.Now().Before(deadline); time.Sleep(1100 * time.Millisecond) {
		send(t, srv.conn, mapping, "still there?")
		if !hears(t, conn, srv.addr(), "still there?", quietTime) {
			return
		}
	}
	t.Errorf("packets for %v still come in", mapping)
}

//go:build linux

package endtoend

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"peerd/internal/natlab"
	"peerd/internal/natlab/miniupnpd"
	"peerd/internal/stage"
)

// publicAddress is the outside address of a home whose router makes mappings:
// the program on it refuses the documentation ranges.
const publicAddress = "1.2.3.4"

// newMappingHome builds a home that no other symmetric one can reach, but for
// the mappings its router makes.
func newMappingHome(t *testing.T, lab *natlab.Lab, name string) *natlab.Home {
	t.Helper()
	home := lab.Home(name, natlab.FullyRandom, homeLink, natlab.Outside(publicAddress))
	miniupnpd.Start(t, home, home.Addr())
	return home
}

// mappedEndpoint waits until a peer's router forwards a port to it.
func mappedEndpoint(t *testing.T, p *stage.Peer) netip.AddrPort {
	t.Helper()
	var endpoint netip.AddrPort
	eventually(t, p.Name+" has a mapped port", func() bool {
		rows, _, err := p.Rows("status")
		if err != nil {
			t.Fatal(err)
		}
		nat, _ := lastRow(t, rows)["nat"].(map[string]any)
		mapped, _ := nat["mapped"].([]any)
		if len(mapped) == 0 {
			return false
		}
		endpoint, err = netip.ParseAddrPort(fmt.Sprint(mapped[0]))
		return err == nil
	})
	return endpoint
}

// addAddresses gives a host more private addresses than there are candidates.
func addAddresses(t *testing.T, host *natlab.Host) {
	t.Helper()
	err := host.Do(func() error {
		link, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		for i := range byte(12) {
			address := &net.IPNet{IP: net.IPv4(10, 1, i, 1).To4(), Mask: net.CIDRMask(24, 32)}
			if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: address}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("add addresses: %v", err)
	}
}

// TestAMappedPortIsAWayIntoASymmetricRouter proves that one port mapping makes
// a pair direct that no punching can, whatever else the host could be reached
// at; and that nothing stays open behind a daemon that has ended.
func TestAMappedPortIsAWayIntoASymmetricRouter(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	home := newMappingHome(t, lab, "alice-home")
	host := home.Host("alice")
	addAddresses(t, host)
	alice := join(t, s, host, "alice")
	bob := join(t, s, lab.Home("bob-home", natlab.FullyRandom, homeLink).Host("bob"), "bob")
	meet(t, alice, bob)
	mapped := mappedEndpoint(t, alice)
	if mapped.Addr() != home.Addr() {
		t.Errorf("alice's mapped port is at %v, want her router %v", mapped, home.Addr())
	}

	send(t, bob, "alice", "hello")
	awaitDirect(t, alice, "bob")
	if row := awaitDirect(t, bob, "alice"); row.Text("endpoint") != mapped.String() {
		t.Errorf("bob talks to %v, want the mapped port %v", row.Text("endpoint"), mapped)
	}

	alice.Stop()
	home.FlushConntrack() // what has been let in already may go on
	inside := host.ListenUDP(mapped.Port())
	stranger := lab.PublicHost("stranger", natlab.Link{}).ListenUDP(0)
	if _, err := stranger.WriteToUDPAddrPort([]byte("hello"), mapped); err != nil {
		t.Fatal(err)
	}
	if err := inside.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, from, err := inside.ReadFromUDPAddrPort(make([]byte, 64)); err == nil {
		t.Errorf("%d bytes come in from %v after alice's daemon has ended", n, from)
	}
}

// TestARelayedPairGoesDirectOnceThereIsAMapping proves that a port that is
// mapped while two peers talk by relay is used at once.
func TestARelayedPairGoesDirectOnceThereIsAMapping(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	home := lab.Home("alice-home", natlab.FullyRandom, homeLink, natlab.Outside(publicAddress))
	alice := join(t, s, home.Host("alice"), "alice")
	bob := join(t, s, lab.Home("bob-home", natlab.FullyRandom, homeLink).Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, bob, "alice", "sealed")
	if row := send(t, bob, "alice", "by session"); row.Text("path") != "relay" {
		t.Errorf("without a mapping the path is %q, want relay", row.Text("path"))
	}
	miniupnpd.Start(t, home, home.Addr()) // announces itself
	awaitDirect(t, bob, "alice")
	awaitDirect(t, alice, "bob")
}

// TestPortMappingOffAsksNothing proves that the router hears nothing of a
// daemon that was told not to ask it, while it hears of the one next to it.
func TestPortMappingOffAsksNothing(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	home := lab.Home("home", natlab.Masquerade, homeLink)
	received := home.Router.Capture()
	quiet, asking := home.Host("quiet"), home.Host("asking")
	alice, err := s.Peer(quiet, "alice", "--port-mapping", "off")
	if err != nil {
		t.Fatal(err)
	}
	bob := join(t, s, asking, "bob")
	requests := func(from *natlab.Host) int {
		return received.Count(func(p natlab.Packet) bool {
			return p.Src.Addr() == from.Addr() && slices.Contains([]uint16{5351, 1900}, p.Dst.Port())
		})
	}
	eventually(t, "bob asks for a mapping", func() bool { return requests(asking) >= 3 })
	alice.Ctl("netcheck") // looks at the router as closely as it can
	alice.Stop()
	bob.Stop()
	if n := requests(quiet); n > 0 {
		t.Errorf("the router received %d requests of a daemon with port mapping off", n)
	}
}

// TestACarrierNATWithoutHairpinIsRelayed proves that two customers of one
// carrier, who have no way to each other there, are told so.
func TestACarrierNATWithoutHairpinIsRelayed(t *testing.T) {
	t.Parallel()
	lab, s := newStage(t)
	carrier := lab.CarrierNAT("carrier", natlab.Masquerade, natlab.Link{})
	alice := join(t, s, carrier.Home("alice-home", natlab.Masquerade, homeLink).Host("alice"), "alice")
	bob := join(t, s, carrier.Home("bob-home", natlab.Masquerade, homeLink).Host("bob"), "bob")
	meet(t, alice, bob)
	send(t, alice, "bob", "sealed")
	if row := send(t, alice, "bob", "by session"); row.Text("path") != "relay" {
		t.Errorf("message took the path %q, want relay", row.Text("path"))
	}
	_, result, _ := alice.Rows("--timeout", "5s", "wait", "direct", "bob")
	if result.ExitCode != 7 {
		t.Errorf("wait direct ended with %d, want 7 (only relayed)", result.ExitCode)
	}
	rows, _, err := alice.Rows("why", "bob")
	if err != nil {
		t.Fatal(err)
	}
	if row := lastRow(t, rows); row.Text("path") != "relay" || row.Text("reason") == "" || row.Text("reason") == "direct" {
		t.Errorf("why says path %q for the reason %q, want the relay and what is in the way", row.Text("path"), row.Text("reason"))
	}
}

// TestNeighboursBehindACarrierUseAMapping proves that two customers of one
// carrier, which sends nothing back in, meet inside its network once a router
// of theirs tells the port it forwards.
func TestNeighboursBehindACarrierUseAMapping(t *testing.T) {
	t.Parallel()
	const port = 40_000
	lab, s := newStage(t)
	carrier := lab.CarrierNAT("carrier", natlab.Masquerade, natlab.Link{})
	home := carrier.Home("alice-home", natlab.FullCone, homeLink)
	answerNATPMP(t, home, netip.AddrPortFrom(home.Addr(), port))
	alice, err := s.Peer(home.Host("alice"), "alice", "--listen", fmt.Sprintf(":%d", port))
	if err != nil {
		t.Fatal(err)
	}
	bob := join(t, s, carrier.Home("bob-home", natlab.Masquerade, homeLink).Host("bob"), "bob")
	meet(t, alice, bob)
	mapped := mappedEndpoint(t, alice)
	send(t, alice, "bob", "hello")
	awaitDirect(t, alice, "bob")
	if row := awaitDirect(t, bob, "alice"); row.Text("endpoint") != mapped.String() {
		t.Errorf("bob talks to %v, want the port of alice's router inside the carrier, %v", row.Text("endpoint"), mapped)
	}
}

// answerNATPMP has the router of a home say that it forwards a port, which a
// full cone does without being asked (RFC 6886 sections 3.2 and 3.3). The
// program of the other tests refuses addresses of a carrier's customers.
func answerNATPMP(t *testing.T, home *natlab.Home, external netip.AddrPort) {
	t.Helper()
	socket := home.ListenUDPAt(netip.AddrPortFrom(home.Gateway(), 5351))
	var answering sync.WaitGroup
	answering.Go(func() {
		request := make([]byte, 64)
		for {
			n, from, err := socket.ReadFromUDPAddrPort(request)
			if err != nil {
				return
			}
			if answer := natpmpAnswer(request[:n], external); answer != nil {
				_, _ = socket.WriteToUDPAddrPort(answer, from) // asked again if lost
			}
		}
	})
	t.Cleanup(func() {
		socket.Close()
		answering.Wait()
	})
}

// natpmpAnswer answers one request, nil if it is none of NAT-PMP.
func natpmpAnswer(request []byte, external netip.AddrPort) []byte {
	const epoch, lifetime = 1000, 600
	if len(request) < 2 || request[0] != 0 {
		return nil
	}
	answer := []byte{0, 128 + request[1], 0, 0}
	answer = binary.BigEndian.AppendUint32(answer, epoch)
	switch {
	case request[1] == 0:
		return append(answer, external.Addr().AsSlice()...)
	case request[1] == 1 && len(request) == 12:
		answer = append(answer, request[4], request[5])
		answer = binary.BigEndian.AppendUint16(answer, external.Port())
		return binary.BigEndian.AppendUint32(answer, lifetime)
	}
	return nil
}

//go:build linux

package endtoend

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/wire"
)

// TestHostileDatagramsAtTheRendezvous proves that nothing a stranger can put
// into a datagram disturbs a conversation or keeps anybody from logging in.
func TestHostileDatagramsAtTheRendezvous(t *testing.T) {
	t.Parallel()
	lab, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	attacker := lab.PublicHost("attacker", natlab.Link{}).ListenUDP(0)
	second := netip.AddrPortFrom(s.Endpoint().Addr(), s.Endpoint().Port()+1)
	arriving := s.VPS.Capture()
	sent := 0
	talkDuring(t, h, func() error {
		for _, target := range []netip.AddrPort{s.Endpoint(), second} {
			n, err := flood(attacker, target, [16]byte{1})
			sent += n
			if err != nil {
				return err
			}
		}
		return nil
	})
	mustArrive(t, arriving, attacker, sent)
	unharmed(t, s, h)
}

// TestHostileDatagramsAtAPeer proves the same for the UDP port of a peer, whose
// neighbours at home can reach it without a router in between.
func TestHostileDatagramsAtAPeer(t *testing.T) {
	t.Parallel()
	_, s, h := pair(t, natlab.Masquerade, natlab.Masquerade)
	neighbour := h.bobHome.Host("neighbour").ListenUDP(0)
	target := localEndpoint(t, h.bob)
	arriving := h.bob.Host.Capture()
	sent := 0
	talkDuring(t, h, func() (err error) {
		sent, err = flood(neighbour, target, [16]byte{2})
		return err
	})
	mustArrive(t, arriving, neighbour, sent)
	unharmed(t, s, h)
}

// talkDuring lets alice and bob talk for as long as attack runs, and once after
// it: every message is delivered, in order.
func talkDuring(t *testing.T, h *homes, attack func() error) {
	t.Helper()
	ended := make(chan error, 1)
	var attacking sync.WaitGroup
	defer attacking.Wait()
	attacking.Go(func() { ended <- attack() })
	var said []string
	for over := false; !over; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("the attack itself failed: %v", err)
			}
			over = true
		default:
		}
		text := fmt.Sprint("message ", len(said))
		send(t, h.alice, "bob", text)
		send(t, h.bob, "alice", text)
		said = append(said, text)
	}
	for to, from := range map[*stage.Peer]string{h.bob: "alice", h.alice: "bob"} {
		if got := received(t, to, from); !slices.Equal(got, said) {
			t.Errorf("%s received %q from %s, want %q", to.Name, got, from, said)
		}
	}
}

// unharmed checks that every program still runs and has found nothing worth
// its log, and that a login works.
func unharmed(t *testing.T, s *stage.Stage, h *homes) {
	t.Helper()
	for what, process := range map[string]*natlab.Process{
		"rendezvous": s.Rendezvous(), "alice": h.alice.Process(), "bob": h.bob.Process(),
	} {
		select {
		case <-process.Exited():
			t.Fatalf("%s has ended: %s", what, process.Stderr())
		default:
		}
		if log := process.Stderr(); log != "" {
			t.Errorf("a hostile sender can fill the log of %s:\n%.1000s", what, log)
		}
	}
	carol := join(t, s, h.aliceHome.Host("carol"), "carol")
	meet(t, carol, h.bob)
	send(t, carol, "bob", "what is going on?")
}

// localEndpoint is where a peer can be reached at home.
func localEndpoint(t *testing.T, p *stage.Peer) netip.AddrPort {
	t.Helper()
	client := p.Client()
	defer client.Close()
	status, err := client.Status(t.Context())
	if err != nil || len(status.NAT.Local) == 0 {
		t.Fatalf("%s has the local endpoints %v, %v", p.Name, status.NAT.Local, err)
	}
	return status.NAT.Local[0]
}

// mustArrive checks that nearly all datagrams of the attack reached their
// target's host: else the test proves nothing.
func mustArrive(t *testing.T, capture *natlab.Capture, from *net.UDPConn, sent int) {
	t.Helper()
	source := from.LocalAddr().(*net.UDPAddr).AddrPort()
	arrived := capture.Count(func(p natlab.Packet) bool { return p.Protocol == natlab.UDP && p.Src == source })
	if sent == 0 || arrived < sent*9/10 {
		t.Errorf("%d of %d hostile datagrams arrived", arrived, sent)
	}
}

// floodPause and floodBurst pace a flood: 4000 datagrams a second overflow no
// queue on the way, so that each is looked at.
const (
	floodPause = time.Millisecond
	floodBurst = 4
)

// flood sends every hostile datagram once and returns how many there were.
func flood(from *net.UDPConn, to netip.AddrPort, seed [16]byte) (sent int, err error) {
	for _, datagram := range hostileDatagrams(seed) {
		if _, err := from.WriteToUDPAddrPort(datagram, to); err != nil {
			return sent, fmt.Errorf("send %d bytes to %v: %w", len(datagram), to, err)
		}
		if sent++; sent%floodBurst == 0 {
			time.Sleep(floodPause)
		}
	}
	return sent, nil
}

// hostileDatagrams are random bytes of every size that fits a packet, and with
// every first byte, by which kinds are told apart; and every valid datagram cut
// short at every length and with every byte changed.
func hostileDatagrams(seed [16]byte) [][]byte {
	random := rand.NewChaCha8([32]byte(slices.Concat(seed[:], seed[:])))
	noise := func(size int) []byte {
		b := make([]byte, size)
		random.Read(b)
		return b
	}
	var all [][]byte
	for size := range 1473 {
		all = append(all, noise(size))
	}
	for first := range 256 {
		for _, size := range []int{1, 20, 100, 1200} {
			datagram := noise(size)
			datagram[0] = byte(first)
			all = append(all, datagram)
		}
	}
	for _, valid := range validDatagrams() {
		for i := range valid {
			changed := slices.Clone(valid)
			changed[i] ^= byte(1 + random.Uint64()%255)
			all = append(all, valid[:i], changed)
		}
	}
	return all
}

// validDatagrams is one of each kind that a stranger can make.
func validDatagrams() [][]byte {
	id, session := wire.TransactionID{1}, wire.SessionID{2}
	return [][]byte{
		wire.Login{TransactionID: id}.Append(nil),
		wire.BindingRequest{TransactionID: id, Change: wire.Change{Port: true}}.Append(nil),
		wire.BindingResponse{TransactionID: id, Observed: netip.MustParseAddrPort("203.0.113.9:9")}.Append(nil),
		wire.Accept{TransactionID: id, Observed: netip.MustParseAddrPort("203.0.113.9:9"), ControlPort: 7700, OtherPort: 7701}.Append(nil),
		wire.Probe{TransactionID: id, Session: session}.Append(nil, wire.ProbeKey{3}),
		wire.ProbeReply{TransactionID: id, Session: session, Observed: netip.MustParseAddrPort("203.0.113.9:9")}.Append(nil, wire.ProbeKey{3}),
		append(wire.AppendRelayHeader(nil, session), make([]byte, 40)...),
	}
}

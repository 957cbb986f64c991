package socket

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// Whoever may introduce peers to us could have every session open sockets: what
// our router sees of all of them has a bound.
func TestHardNATsOfManySessionsDoNotFillTheRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newLinkedPair(t)
		network := &linkEnd{written: map[wire.DatagramKind]int{}}
		opened := 0
		a.open = func(netip.Addr) (datagramConn, error) {
			opened++
			return &silent{linkEnd: network, closed: make(chan struct{})}, nil
		}
		var sessions []*Session
		for i := range 10 {
			x, err := a.Open(punch.Config{Session: wire.SessionID{byte(i + 1)}})
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			sessions = append(sessions, x)
		}
		probe := wire.Probe{}.Append(nil, wire.ProbeKey{})
		for id := range manySockets {
			for _, x := range sessions {
				do(x, punch.SendDatagram{Socket: punch.SocketID(id + 1), To: stranger, Datagram: probe})
			}
			time.Sleep(time.Second / 50)
		}
		if opened != punch.MaxFlows {
			t.Errorf("%d sockets are open, want %d", opened, punch.MaxFlows)
		}
		if got := a.Counters(); got.FlowsHeldBack == 0 || got.SendErrors != 0 {
			t.Errorf("counted %+v", got)
		}
	})
}

// silent is a socket at which nothing arrives.
type silent struct {
	*linkEnd
	closed chan struct{}
}

func (s *silent) Wait() error {
	<-s.closed
	return net.ErrClosed
}

func (s *silent) Close() error {
	close(s.closed)
	return nil
}

func TestAPathIsNotGoverned(t *testing.T) {
	a, b := newLinkedPair(t)
	a.session.prove(0, b.bound)
	for i := range 4 * punch.MaxFlows {
		do(a.session, a.probeFrom(0, netip.AddrPortFrom(stranger.Addr(), uint16(10000+i))))
	}
	held := a.Counters()
	if held.ProbesHeldBack == 0 {
		t.Fatal("nothing is held back: this test proves nothing")
	}
	for range 100 {
		do(a.session, a.probeFrom(0, b.bound))
	}
	if got := a.Counters(); got != held {
		t.Errorf("probes on a proven path are held back: %+v, before %+v", got, held)
	}
}

// An authentic peer could name any source, and our replies would open as many
// flows.
func TestRepliesOpenABoundedNumberOfFlows(t *testing.T) {
	l := newListener(t)
	probe := wire.Probe{Session: l.session.ID()}.Append(nil, keyToUs)
	for i := range 2 * punch.MaxFlows {
		l.demultiplex(probe, netip.AddrPortFrom(stranger.Addr(), uint16(10000+i)))
	}
	if n := l.link.count(wire.DatagramProbeReply); n > punch.MaxFlows || n < punch.MaxFlows/2 {
		t.Errorf("%d replies to as many sources, want about %d", n, punch.MaxFlows)
	}
	if l.Counters().FlowsHeldBack == 0 {
		t.Error("no flow is held back")
	}
}

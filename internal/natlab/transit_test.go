//go:build linux

package natlab_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"peerd/internal/natlab"
)

// sites are two homes and a server, with the way between the homes open.
type sites struct {
	lab            *natlab.Lab
	srv            *server
	homeA, homeB   *natlab.Home
	alice, bob     *net.UDPConn
	aliceAt, bobAt netip.AddrPort
}

func newSites(t *testing.T, opts ...natlab.LabOption) *sites {
	lab := natlab.New(t, opts...)
	s := &sites{lab: lab, srv: startServer(t, lab.PublicHost("vps", natlab.Link{}), 3478)}
	s.homeA, s.homeB = lab.Home("a", natlab.Masquerade, natlab.Link{}), lab.Home("b", natlab.Masquerade, natlab.Link{})
	s.alice, s.bob = s.homeA.Host("alice").ListenUDP(5000), s.homeB.Host("bob").ListenUDP(6000)
	s.aliceAt, s.bobAt = s.srv.observed(s.alice), s.srv.observed(s.bob)
	send(t, s.alice, s.bobAt, "opens a")
	send(t, s.bob, s.aliceAt, "opens b")
	return s
}

func TestTransitConcernsTwoSitesOnly(t *testing.T) {
	s := newSites(t)
	s.lab.SetTransit(s.homeA.Node, s.homeB.Node, natlab.Transit{Blocked: true})
	send(t, s.alice, s.bobAt, "into the void")
	if hears(t, s.bob, s.aliceAt, "into the void", quietTime) {
		t.Error("a packet got through")
	}
	if _, answered := s.srv.ask(s.alice, hangGuard); !answered {
		t.Error("the server does not answer")
	}
	s.lab.SetTransit(s.homeB.Node, s.homeA.Node, natlab.Transit{})
	send(t, s.alice, s.bobAt, "healed")
	if !hears(t, s.bob, s.aliceAt, "healed", hangGuard) {
		t.Error("it does not heal")
	}
}

func TestTransitLosesTheShareAskedForWhateverTheHops(t *testing.T) {
	for name, opts := range map[string][]natlab.LabOption{"one": nil, "six": {natlab.Hops(6)}} {
		t.Run(name, func(t *testing.T) {
			s := newSites(t, opts...)
			const sent, loss = 2000, 0.2
			s.lab.SetTransit(s.homeA.Node, s.homeB.Node, natlab.Transit{Loss: loss})
			arrived := s.homeB.Capture()
			isCounted := func(p natlab.Packet) bool { return string(p.Payload) == "counted" }
			for range sent {
				send(t, s.alice, s.bobAt, "counted")
			}
			s.lab.SetTransit(s.homeA.Node, s.homeB.Node, natlab.Transit{})
			eventually(t, "the last packet arrives", func() bool {
				send(t, s.alice, s.bobAt, "last")
				return arrived.Count(func(p natlab.Packet) bool { return string(p.Payload) == "last" }) > 0
			})
			if lost := 1 - float64(arrived.Count(isCounted))/sent; lost < loss/2 || lost > 1.5*loss {
				t.Errorf("%.1f %% lost, want about %.0f %%", 100*lost, 100*loss)
			}
		})
	}
}

func TestNarrowTransitSwallowsWhatIsLarger(t *testing.T) {
	s := newSites(t)
	const narrow, headers = 1000, 28
	s.lab.SetTransit(s.homeA.Node, s.homeB.Node, natlab.Transit{Narrow: narrow})
	fits, larger := strings.Repeat("f", narrow-headers), strings.Repeat("l", narrow-headers+1)
	send(t, s.alice, s.bobAt, larger)
	send(t, s.alice, s.bobAt, fits)
	if !hears(t, s.bob, s.aliceAt, fits, hangGuard) {
		t.Error("a packet that fits is lost")
	}
	send(t, s.bob, s.aliceAt, larger)
	if hears(t, s.alice, s.bobAt, larger, quietTime) {
		t.Error("a larger one gets through the other way")
	}
}

func TestImpossibleTransitIsAnError(t *testing.T) {
	for _, transit := range []natlab.Transit{{Loss: -0.1}, {Loss: 1.1}, {Narrow: -1}} {
		lab := openLab(t)
		a, b := lab.Home("a", natlab.Masquerade, natlab.Link{}), lab.Home("b", natlab.Masquerade, natlab.Link{})
		lab.SetTransit(a.Node, b.Node, transit)
		if lab.Err() == nil {
			t.Errorf("%+v accepted", transit)
		}
	}
}

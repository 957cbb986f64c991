package socket

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"peerd/punch"
	"peerd/wire"
)

func TestAPacketFromAnotherPortOfThePeersIsAStray(t *testing.T) {
	elsewhere := netip.AddrPortFrom(peerEndpoint.Addr(), 9999)
	for name, test := range map[string]struct {
		path    punch.Path
		from    netip.AddrPort
		strayed bool
	}{
		"another port of the path's address": {path: punch.Path{Direct: peerEndpoint}, from: elsewhere, strayed: true},
		"the path is in doubt":               {path: punch.Path{Direct: peerEndpoint, Doubtful: true}, from: elsewhere, strayed: true},
		"the end of the path itself":         {path: punch.Path{Direct: peerEndpoint}, from: peerEndpoint},
		"another address":                    {path: punch.Path{Direct: peerEndpoint}, from: stranger},
		"there is no direct path":            {path: punch.Path{}, from: elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			l := newListener(t)
			l.session.usePath(test.path)
			engine := eavesdrop(l.session)
			if x, _ := l.demultiplex(quicPacket, test.from); x != nil && test.from != peerEndpoint {
				t.Error("QUIC gets the packet")
			}
			var want []punch.Strayed
			if test.strayed {
				want = []punch.Strayed{{From: test.from}}
			}
			if got := heard[punch.Strayed](engine); !slices.Equal(got, want) {
				t.Errorf("the engine hears %v, want %v", got, want)
			}
		})
	}
}

// Behind a carrier's NAT there are many peers: a packet from there is as likely
// another's.
func TestAStrayOfTwoSessionsIsNobodys(t *testing.T) {
	l := newListener(t)
	other, err := l.Open(punch.Config{Session: wire.SessionID{8}})
	if err != nil {
		t.Fatal(err)
	}
	engine := eavesdrop(l.session)
	strayFrom := netip.AddrPortFrom(peerEndpoint.Addr(), 9999)
	l.session.usePath(punch.Path{Direct: peerEndpoint})
	other.usePath(punch.Path{Direct: netip.AddrPortFrom(peerEndpoint.Addr(), 5000)})
	l.demultiplex(quicPacket, strayFrom)
	if got := heard[punch.Strayed](engine); len(got) != 0 {
		t.Errorf("the engine hears %v", got)
	}
	other.Close()
	l.demultiplex(quicPacket, strayFrom)
	if got := heard[punch.Strayed](engine); len(got) != 1 {
		t.Errorf("with the other session closed the engine hears %v, want one stray", got)
	}
	l.session.usePath(punch.Path{})
	if left := len(l.registry.paths); left != 0 {
		t.Errorf("%d addresses are remembered though no path is direct", left)
	}
}

func TestStraysDoNotKeepTheEngineBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLinkedPair(t)
		a.session.usePath(punch.Path{Direct: b.bound})
		engine := eavesdrop(a.session)
		for i := range 1000 { // one second
			a.demultiplex(quicPacket, netip.AddrPortFrom(b.bound.Addr(), uint16(10000+i)))
			time.Sleep(time.Millisecond)
		}
		if got, want := len(heard[punch.Strayed](engine)), int(time.Second/strayedInterval); got != want {
			t.Errorf("it hears of %d strays in a second, want %d", got, want)
		}
	})
}

// TestT05AStrayGetsAtMostThreeTimesWhatItSent has somebody forge small packets from
// the address of the path: each octet that we answer with goes to whoever is there.
func TestT05AStrayGetsAtMostThreeTimesWhatItSent(t *testing.T) {
	for size := 1; size <= 100; size++ {
		a, b := newLinkedPair(t)
		a.session.Introduce(Introduction{Candidates: []wire.Candidate{{Endpoint: b.bound, Kind: wire.CandidateObserved}}})
		if path := a.session.Path(); path.Direct != b.bound {
			t.Fatalf("the path is %v, so there are no strays", path)
		}
		victim, before := netip.AddrPortFrom(b.bound.Addr(), 9999), a.link.count(wire.DatagramProbe)
		packet := append([]byte{0x40}, make([]byte, size-1)...)
		a.demultiplex(packet, victim)
		if got := (a.link.count(wire.DatagramProbe) - before) * wire.ProbeSize; got > 3*size {
			t.Errorf("%d octets for one packet of %d", got, size)
		} else if size >= wire.ProbeSize && got == 0 {
			t.Errorf("a packet of %d octets gets nothing: this test proves nothing", size)
		}
	}
}

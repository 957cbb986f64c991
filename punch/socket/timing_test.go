package socket

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// quicPacket is what send takes for a packet of QUIC's.
var quicPacket = append([]byte{0x40}, make([]byte, 99)...)

func TestProbesLeaveAtTheAgreedInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLinkedPair(t)
		a.link.hear(nil)
		probed := a.session.Introduce(Introduction{Candidates: localCandidate(b.bound), Observed: a.bound, FireIn: time.Second})
		if probed != 1 {
			t.Fatalf("%d candidates are probed, want 1", probed)
		}
		time.Sleep(time.Second - 1)
		synctest.Wait()
		if n := a.link.count(wire.DatagramProbe); n != 0 {
			t.Errorf("%d probes left too early", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := a.link.count(wire.DatagramProbe); n != 1 {
			t.Errorf("%d probes left at the instant, want 1", n)
		}
		a.session.Close()
		time.Sleep(time.Minute)
		if n := a.link.count(wire.DatagramProbe); n != 1 {
			t.Errorf("%d probes left after Close", n-1)
		}
	})
}

func TestBothSidesBecomeDirectInOneRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLinkedPair(t)
		a.session.Introduce(Introduction{Candidates: localCandidate(b.bound), Observed: a.bound})
		b.session.Introduce(Introduction{Candidates: localCandidate(a.bound), Observed: b.bound})
		synctest.Wait()
		if path := a.path(t); path.Direct != b.bound || path.Doubtful {
			t.Errorf("a's path is %+v", path)
		}
		if path := b.path(t); path.Direct != a.bound || path.Doubtful {
			t.Errorf("b's path is %+v", path)
		}
		if a.registry.byEndpoint(b.bound) != a.session {
			t.Error("the proven endpoint is not the session's")
		}
	})
}

// A bad rendezvous, or many bad peers, name a victim as a candidate a thousand
// times: the victim sees a bounded trickle, and then nothing.
func TestIntroductionsDoNotAddUpToAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newLinkedPair(t)
		a.link.hear(nil)
		defer a.introduceManyTo(t, stranger, 1000)()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		a.link.mu.Lock()
		probed := a.link.probed
		a.link.mu.Unlock()
		const most = punch.ProbeBurst + punch.ProbesPerSecond
		for i, first := range probed {
			if j := i + most; j < len(probed) && probed[j].Sub(first) < time.Second {
				t.Fatalf("more than %d probes left in the second after %v", most, first)
			}
		}
		if a.Counters().ProbesHeldBack == 0 {
			t.Error("no probe was held back: this test proves nothing")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if later := a.link.count(wire.DatagramProbe) - len(probed); later != 0 {
			t.Errorf("%d probes left after ten seconds", later)
		}
	})
}

func TestAFloodOfIntroductionsDoesNotDisturbAPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLinkedPair(t)
		a.session.Introduce(Introduction{Candidates: localCandidate(b.bound), Observed: a.bound})
		b.session.Introduce(Introduction{Candidates: localCandidate(a.bound), Observed: b.bound})
		for range 10 {
			closeAll := a.introduceManyTo(t, stranger, 1000)
			for range 10 {
				a.session.send(quicPacket, 0, 0)
				time.Sleep(100 * time.Millisecond)
			}
			closeAll()
		}
		synctest.Wait()
		if len(a.paths) != 1 {
			t.Errorf("the path changed %d times, the last time to %+v", len(a.paths)-1, a.path(t))
		}
	})
}

func TestDataOnALongIdlePathGoesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLinkedPair(t)
		a.SetRelay(server)
		a.session.Introduce(Introduction{Candidates: localCandidate(b.bound), Observed: a.bound})
		b.session.Introduce(Introduction{Candidates: localCandidate(a.bound), Observed: b.bound})
		a.session.send(quicPacket, 0, 0)
		if direct, relayed := a.link.count(wire.DatagramQUIC), a.link.count(wire.DatagramRelay); direct != 1 || relayed != 0 {
			t.Errorf("on a fresh path %d packets went direct and %d by relay, want 1 and 0", direct, relayed)
		}
		time.Sleep(5 * time.Second) // the session falls idle
		a.link.hear(nil)            // and the path dies unnoticed
		time.Sleep(10 * time.Second)
		a.session.send(quicPacket, 0, 0)
		if direct, relayed := a.link.count(wire.DatagramQUIC), a.link.count(wire.DatagramRelay); direct != 2 || relayed != 1 {
			t.Errorf("on an idle path %d packets went direct and %d by relay, want 2 and 1", direct, relayed)
		}
	})
}

func TestADeadPathIsLeftForTheRelayWithinThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newLinkedPair(t)
		a.SetRelay(server)
		a.session.Introduce(Introduction{Candidates: localCandidate(b.bound), Observed: a.bound})
		b.session.Introduce(Introduction{Candidates: localCandidate(a.bound), Observed: b.bound})
		for range 50 { // five seconds of data
			a.session.send(quicPacket, 0, 0)
			time.Sleep(100 * time.Millisecond)
		}
		if path := a.path(t); !path.IsDirect() || path.Doubtful {
			t.Fatalf("the path is %+v while it works", path)
		}
		a.link.hear(nil)
		var died time.Duration
		for start := time.Now(); a.session.Path().IsDirect(); died = time.Since(start) {
			if time.Since(start) > time.Minute {
				t.Fatal("the dead path is still used")
			}
			a.session.send(quicPacket, 0, 0)
			time.Sleep(100 * time.Millisecond)
		}
		if died > 3*time.Second {
			t.Errorf("it took %v", died)
		}
		synctest.Wait()
		if path := a.path(t); path.IsDirect() {
			t.Errorf("the last path announced is %+v", path)
		}
		if len(a.talks) == 0 {
			t.Error("no new introduction is asked for")
		}
	})
}

func TestCallbacksDoNotOvertakeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // no tick of the engines comes in between
		a, b := newLinkedPair(t)
		var announced []punch.Path
		inside := false
		a.config.PathChanged = func(_ wire.SessionID, path punch.Path) {
			if inside {
				t.Error("a callback came inside another")
			}
			inside = true
			if trusted(path) && len(announced) == 0 {
				a.link.hear(nil)   // no reply to the probe that follows
				a.NetworkChanged() // announces the path as doubtful
			}
			announced = append(announced, path)
			inside = false
		}
		b.session.Introduce(Introduction{Observed: b.bound})
		a.session.Introduce(Introduction{Candidates: localCandidate(b.bound), Observed: a.bound})
		if len(announced) != 2 || announced[0].Doubtful || !announced[1].Doubtful {
			t.Errorf("announced %+v, want a trusted path, then a doubtful one", announced)
		}
	})
}

// introduceManyTo opens sessions whose peers all claim to be at endpoint, and
// returns what closes them.
func (l linked) introduceManyTo(t *testing.T, endpoint netip.AddrPort, sessions int) (closeAll func()) {
	t.Helper()
	var opened []*Session
	for range sessions {
		x, err := l.Open(punch.Config{Session: randomSession()})
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, x)
		x.Introduce(Introduction{Candidates: localCandidate(endpoint), Observed: l.bound})
	}
	return func() {
		for _, x := range opened {
			x.Close()
		}
	}
}

func TestTheEngineHearsOfDataOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newLinkedPair(t)
		heard := map[int64]bool{}
		for range 1000 { // one second
			a.session.sending()
			heard[a.session.lastSent.Load()] = true
			time.Sleep(time.Millisecond)
		}
		if want := int(time.Second / sentInterval); len(heard) != want {
			t.Errorf("it heard %d times in a second, want %d", len(heard), want)
		}
	})
}

func TestADatagramGoesTheWayThePathSays(t *testing.T) {
	direct := punch.Path{Direct: stranger}
	doubtful := punch.Path{Direct: stranger, Doubtful: true}
	for name, test := range map[string]struct {
		path                   punch.Path
		udpRelay               bool
		quic, relayed, control int
	}{
		"direct":                       {direct, true, 3, 0, 0},
		"direct, no UDP relay":         {direct, false, 3, 0, 0},
		"relay":                        {punch.Path{}, true, 0, 3, 0},
		"relay by control":             {punch.Path{}, false, 0, 0, 3},
		"in doubt: both":               {doubtful, true, 3, 3, 0},
		"in doubt, no UDP relay: both": {doubtful, false, 3, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newLinkedPair(t)
			control := 0
			a.config.RelayByControl = func(_ wire.SessionID, payload []byte) {
				if control++; len(payload) == 0 || len(payload) > len(quicPacket) {
					t.Errorf("a datagram of %d bytes for the control connection", len(payload))
				}
			}
			if test.udpRelay {
				a.SetRelay(server)
			}
			a.session.path.Store(&test.path)
			packets := append(append(append([]byte{}, quicPacket...), quicPacket...), quicPacket[:50]...)
			a.session.send(packets, len(quicPacket), 1)
			if quic, relayed := a.link.count(wire.DatagramQUIC), a.link.count(wire.DatagramRelay); quic != test.quic || relayed != test.relayed || control != test.control {
				t.Errorf("%d direct, %d relayed, %d by control; want %d, %d, %d", quic, relayed, control, test.quic, test.relayed, test.control)
			}
		})
	}
}

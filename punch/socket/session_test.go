package socket

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/punch"
	"peerd/wire"
)

func TestQUICRunsOverTheRelayThenDirectly(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	if p.relay.forwarded() == 0 {
		t.Fatal("the handshake did not go over the relay")
	}
	transfer(t, a, b, 20, nil)
	p.punch(t)
	p.relay.setSilent(true) // no longer needed
	transfer(t, b, a, 20, nil)
	transfer(t, a, b, 20, nil)
	for _, conn := range []*quic.Conn{a, b} {
		if conn.RemoteAddr().String() != p.a.session.Addr().String() || conn.LocalAddr().String() != nowhere.String() {
			t.Errorf("QUIC sees %v and %v, not virtual addresses", conn.RemoteAddr(), conn.LocalAddr())
		}
	}
}

func TestQUICHandshakeWhileProbing(t *testing.T) {
	p := newPair(t)
	p.a.session.Introduce(Introduction{Candidates: localCandidate(p.b.Addr())})
	p.b.session.Introduce(Introduction{Candidates: localCandidate(p.a.Addr())})
	a, b := p.connect(t)
	transfer(t, a, b, 20, nil)
	p.a.awaitPath(t, trusted)
	p.b.awaitPath(t, trusted)
}

func TestQUICRunsThroughTheControlConnection(t *testing.T) {
	var a, b *side
	var cut atomic.Bool
	to := func(other **side) func(wire.SessionID, []byte) {
		return func(session wire.SessionID, payload []byte) {
			if !cut.Load() {
				(*other).DeliverRelayed(session, payload)
			}
		}
	}
	a, b = newSide(t, to(&b), nil), newSide(t, to(&a), nil)
	p := &pair{a: a, b: b}
	p.open(t, randomSession())
	forth, back := p.connect(t)
	transfer(t, forth, back, 20, nil)
	transfer(t, back, forth, 20, nil)

	p.punch(t)
	cut.Store(true) // no longer needed
	transfer(t, forth, back, 20, nil)
}

// A switch that QUIC cannot see must lose nothing: every packet one side sends
// reaches the other, whatever paths are used in between.
func TestSwitchingPathsLosesNothing(t *testing.T) {
	var ofA, ofB *tap
	p := newPairOver(t, tapInto(&ofA, nil), tapInto(&ofB, nil))
	config := QUICConfig() // so little is on its way that it fits every buffer of the kernel's, too
	config.InitialStreamReceiveWindow, config.MaxStreamReceiveWindow = 64<<10, 64<<10
	config.InitialConnectionReceiveWindow, config.MaxConnectionReceiveWindow = 64<<10, 64<<10
	a, b := connect(t, p.a.Transport(), p.b.Transport(), p.a.session.Addr(), config)
	p.punch(t)
	switches := []struct{ a, b punch.Path }{
		{punch.Path{}, punch.Path{}},
		{punch.Path{Direct: p.b.Addr()}, punch.Path{}},
		{punch.Path{}, punch.Path{Direct: p.a.Addr()}},
		{punch.Path{Direct: p.b.Addr()}, punch.Path{Direct: p.a.Addr()}},
	}
	transfer(t, a, b, 200, func(block int) {
		if block%5 == 0 {
			now := switches[block/5%len(switches)]
			p.a.session.usePath(now.a)
			p.b.session.usePath(now.b)
		}
	})
	poll(t, "every packet sent is received", func() bool {
		a, b := ofA.seen(), ofB.seen()
		return a.packetsOut == b.packetsIn && b.packetsOut == a.packetsIn
	})
	for _, side := range []*side{p.a, p.b} {
		if dropped := side.Counters(); dropped != (Counters{}) {
			t.Errorf("a side dropped %+v", dropped)
		}
	}
}

func TestADoubtfulPathGoesBothWays(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	p.punch(t)
	doubtful := func(direct netip.AddrPort) punch.Path { return punch.Path{Direct: direct, Doubtful: true} }

	p.a.session.usePath(doubtful(p.b.Addr()))
	p.b.session.usePath(doubtful(p.a.Addr()))
	before := p.relay.forwarded()
	transfer(t, a, b, 20, nil)
	poll(t, "something goes over the relay, too", func() bool { return p.relay.forwarded() > before })

	p.relay.setSilent(true) // the direct half alone carries everything
	p.a.session.usePath(doubtful(p.b.Addr()))
	p.b.session.usePath(doubtful(p.a.Addr()))
	transfer(t, a, b, 20, nil)
}

// QUIC cannot see a switch to a path that carries smaller packets, so there
// must be none that does not fit everywhere: IPv6's least MTU of 1280, less 48
// of headers, with the relay's header included.
func TestEveryDatagramFitsEveryPath(t *testing.T) {
	const most = 1280 - 48
	var ofA, ofB *tap
	p := newPairOver(t, tapInto(&ofA, nil), tapInto(&ofB, nil))
	a, b := p.connect(t)
	transfer(t, a, b, 50, nil)
	p.punch(t)
	transfer(t, a, b, 50, nil)
	transfer(t, b, a, 50, nil)
	for _, network := range []*tap{ofA, ofB} {
		if largest := network.seen().largest; largest > most {
			t.Errorf("a datagram of %d bytes was sent, more than %d", largest, most)
		}
	}
}

// Each of these errors from a single send would end a bare quic-go connection,
// or makes it drop its packet size.
func TestSendErrorsDoNotEndASession(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EPERM, syscall.ENOBUFS, syscall.EMSGSIZE, syscall.ECONNREFUSED, syscall.EINVAL} {
		t.Run(errno.Error(), func(t *testing.T) {
			var failing *tap
			p := newPairOver(t, tapInto(&failing, func(send int) error {
				if send%10 != 0 {
					return nil
				}
				return &net.OpError{Op: "write", Net: "udp", Err: errno}
			}), nil)
			a, b := p.connect(t)
			transfer(t, a, b, 20, nil)
			if p.a.Counters().SendErrors == 0 {
				t.Error("no send failed: this test proves nothing")
			}
		})
	}
}

func TestASessionIsOpenOnlyOnce(t *testing.T) {
	p := newPair(t)
	config := punch.Config{Session: p.a.session.ID()}
	if _, err := p.a.Open(config); !errors.Is(err, ErrSessionExists) {
		t.Errorf("opening it again: %v, want %v", err, ErrSessionExists)
	}
	p.a.session.Close()
	x, err := p.a.Open(config)
	if err != nil {
		t.Fatalf("opening it after Close: %v", err)
	}
	p.a.session.Close() // of the old one leaves the new one alone
	if p.a.registry.byID(config.Session) != x {
		t.Error("closing the old session closed the new one")
	}
	p.a.Close()
	if _, err := p.a.Open(punch.Config{Session: randomSession()}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("opening after the socket's Close: %v, want %v", err, net.ErrClosed)
	}
}

func TestAClosedSessionSendsNothing(t *testing.T) {
	var network *tap
	p := newPairOver(t, tapInto(&network, nil), nil)
	p.a.session.Close()
	p.a.session.Introduce(Introduction{Candidates: localCandidate(p.b.Addr())})
	p.a.session.step(punch.Tick{})
	if _, err := p.a.Transport().WriteTo([]byte{0x40}, p.a.session.Addr()); err != nil {
		t.Errorf("QUIC hears of it: %v", err)
	}
	p.a.DeliverRelayed(p.a.session.ID(), []byte{0x40})
	if sends := network.seen().sends; sends != 0 {
		t.Errorf("%d datagrams were sent", sends)
	}
	if got := p.a.Counters().UnknownSession; got != 1 {
		t.Errorf("%d datagrams for unknown sessions, want 1", got)
	}
}

func TestCallbacksMayUseTheSession(t *testing.T) {
	p := newPair(t)
	var x *Session
	changed := make(chan punch.Path, 1)
	p.a.config.PathChanged = func(_ wire.SessionID, path punch.Path) {
		x.Path()
		x.Introduce(Introduction{})
		x.Close()
		changed <- path
	}
	x = p.a.session
	x.Introduce(Introduction{Candidates: localCandidate(p.b.Addr())})
	p.b.session.Introduce(Introduction{Candidates: localCandidate(p.a.Addr())})
	if path := <-changed; !path.IsDirect() {
		t.Errorf("the path is %+v", path)
	}
}

func TestANetworkChangeAsksForIntroductions(t *testing.T) {
	p := newPair(t)
	p.punch(t)
	p.a.NetworkChanged()
	if session := <-p.a.talks; session != p.a.session.ID() {
		t.Errorf("a talk is wanted for %v, want %v", session, p.a.session.ID())
	}
	p.a.awaitPath(t, func(path punch.Path) bool { return path.Doubtful })
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("session", func(t *testing.T) {
		p := newPair(t)
		p.connect(t)
		p.punch(t)
	})
	poll(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestCloseInTheMiddleOfEverything(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	p.a.session.Introduce(Introduction{Candidates: localCandidate(p.b.Addr())})
	p.b.session.Introduce(Introduction{Candidates: localCandidate(p.a.Addr())})
	if err := p.a.Close(); err != nil {
		t.Error(err)
	}
	if err := p.a.Close(); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if left := p.a.registry.all(); len(left) != 0 {
		t.Errorf("%d sessions are still open", len(left))
	}
	p.b.Close()
	for _, conn := range []*quic.Conn{a, b} {
		if _, err := conn.AcceptStream(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the connection ended with %v, want %v", err, net.ErrClosed)
		}
	}
}

// poll waits until the condition holds.
func poll(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(hangGuard)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true that %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

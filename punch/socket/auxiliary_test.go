package socket

import (
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// eavesdropper is an engine that tells which events it was fed.
type eavesdropper struct {
	*punch.Engine

	mu     sync.Mutex
	events []punch.Event
}

// eavesdrop listens to what x tells its engine.
func eavesdrop(x *Session) *eavesdropper {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := &eavesdropper{Engine: x.engine.(*punch.Engine)}
	x.engine = e
	return e
}

func (e *eavesdropper) Step(now time.Time, event punch.Event) []punch.Action {
	e.mu.Lock()
	if received, ok := event.(punch.Received); ok {
		received.Datagram = nil // the driver's, after Step
		event = received
	}
	e.events = append(e.events, event)
	e.mu.Unlock()
	return e.Engine.Step(now, event)
}

// heard returns the events of one type.
func heard[E punch.Event](e *eavesdropper) (events []E) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, event := range e.events {
		if event, ok := event.(E); ok {
			events = append(events, event)
		}
	}
	return events
}

// do has the driver do what an engine might want.
func do(x *Session, actions ...punch.Action) {
	for _, action := range actions {
		x.act(action)
	}
}

// probeFrom is the action by which p's engine probes to from socket.
func (p *side) probeFrom(socket punch.SocketID, to netip.AddrPort) punch.SendDatagram {
	probe := wire.Probe{TransactionID: wire.TransactionID{byte(socket)}, Session: p.session.ID()}
	return punch.SendDatagram{Socket: socket, To: to, Datagram: probe.Append(nil, p.sendKey)}
}

// turnTo makes a's auxiliary socket the path of both, without asking their
// engines.
func (p *pair) turnTo(t testing.TB, socket punch.SocketID) {
	t.Helper()
	do(p.a.session, p.a.probeFrom(socket, p.b.Addr()))
	p.a.session.usePath(punch.Path{Socket: socket, Direct: p.b.Addr()})
	p.b.session.usePath(punch.Path{Direct: p.a.auxiliary(t, socket).endpoint()})
}

func (p *side) auxiliary(t testing.TB, id punch.SocketID) *auxiliary {
	t.Helper()
	own, _ := p.session.outlets.find(id)
	a, ok := own.(*auxiliary)
	if !ok {
		t.Fatalf("socket %d is not open", id)
	}
	return a
}

func (a *auxiliary) endpoint() netip.AddrPort {
	return unmapped(netip.MustParseAddrPort(a.conn.LocalAddr().String()))
}

func TestQUICRunsOverAnAuxiliarySocket(t *testing.T) {
	var main *tap
	p := newPairOver(t, tapInto(&main, nil), nil)
	a, b := p.connect(t)
	p.turnTo(t, 1)
	p.relay.setSilent(true)   // no longer needed
	transfer(t, a, b, 1, nil) // behind what was on its way out when the path changed
	before := main.seen().packetsOut
	transfer(t, a, b, 40, nil)
	transfer(t, b, a, 40, nil)
	if extra := main.seen().packetsOut - before; extra != 0 {
		t.Errorf("%d packets left the main socket", extra)
	}
	for _, side := range []*side{p.a, p.b} {
		if dropped := side.Counters(); dropped != (Counters{}) {
			t.Errorf("a side dropped %+v", dropped)
		}
	}
}

// Something on the way swallows what the main socket sends, as a router does
// that has confused two flows: the engine takes another socket by itself.
func TestAFreshSocketReplacesAMuteOne(t *testing.T) {
	var mute atomic.Bool
	var main *tap
	p := newPairOver(t, tapInto(&main, func(int) error {
		if mute.Load() {
			return syscall.EPERM
		}
		return nil
	}), nil)
	a, b := p.connect(t)
	p.a.SetRendezvous(p.relay.addr)
	mute.Store(true)
	p.a.session.Introduce(Introduction{
		Candidates: []wire.Candidate{{Endpoint: p.b.Addr(), Kind: wire.CandidateObserved}},
		Caller:     true,
	})
	p.a.awaitPath(t, func(path punch.Path) bool { return trusted(path) && path.Socket != 0 })
	p.b.awaitPath(t, trusted)
	p.relay.setSilent(true)
	transfer(t, a, b, 20, nil)
	transfer(t, b, a, 20, nil)
}

func TestADoubtfulPathOverAnAuxiliarySocketGoesBothWays(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	p.turnTo(t, 1)
	doubtful := punch.Path{Socket: 1, Direct: p.b.Addr(), Doubtful: true}
	p.a.session.usePath(doubtful)
	before := p.relay.forwarded()
	transfer(t, a, b, 20, nil)
	poll(t, "something goes over the relay, too", func() bool { return p.relay.forwarded() > before })
	p.relay.setSilent(true)
	p.a.session.usePath(doubtful)
	transfer(t, a, b, 20, nil)
}

func TestALostPathSocketEndsNoConnection(t *testing.T) {
	p := newPair(t)
	a, b := p.connect(t)
	p.turnTo(t, 1)
	do(p.a.session, punch.CloseSocket{Socket: 1})
	p.a.session.usePath(punch.Path{}) // as the engine would
	p.b.session.usePath(punch.Path{})
	transfer(t, a, b, 20, nil)
}

func TestTheRendezvousTellsWhereItSeesAnAuxiliarySocket(t *testing.T) {
	p := newPair(t)
	engine := eavesdrop(p.a.session)
	do(p.a.session, punch.SendLogin{Socket: 1}) // to nobody
	p.a.SetRendezvous(p.relay.addr)
	do(p.a.session, punch.SendLogin{Socket: 1}, punch.SendLogin{Socket: 2})
	poll(t, "both logins are answered", func() bool { return len(heard[punch.Observed](engine)) == 2 })
	for _, observed := range heard[punch.Observed](engine) {
		if want := p.a.auxiliary(t, observed.Socket).endpoint(); observed.Endpoint != want {
			t.Errorf("socket %d is observed at %v, want %v", observed.Socket, observed.Endpoint, want)
		}
	}
	if len(p.a.accepts) != 0 {
		t.Error("the daemon takes it for the main socket's endpoint")
	}
}

func TestAuxiliarySocketsListenWhereTheMainOneDoes(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", ":0"} {
		t.Run(address, func(t *testing.T) {
			s, err := listen(t, address)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := s.open(s.Addr().Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			bound := netip.MustParseAddrPort(conn.LocalAddr().String())
			if bound.Addr().Unmap() != s.Addr().Addr() || bound.Port() == 0 || bound.Port() == s.Addr().Port() {
				t.Errorf("bound to %v, the main socket to %v", bound, s.Addr())
			}
		})
	}
}

func TestWhatReachesQUICFromAnAuxiliarySocket(t *testing.T) {
	ours, unknown := wire.SessionID{7}, wire.SessionID{8}
	pathEnd := netip.MustParseAddrPort("203.0.113.9:4009")
	probe := func(session wire.SessionID, key wire.ProbeKey) []byte {
		return wire.Probe{TransactionID: wire.TransactionID{1}, Session: session}.Append(nil, key)
	}
	accept := func(id wire.TransactionID) []byte {
		return wire.Accept{TransactionID: id, Observed: stranger, ControlPort: 1}.Append(nil)
	}
	login := wire.TransactionID{5}
	tooLong := append([]byte{0x40}, make([]byte, maxQUICPacket)...)

	for name, test := range map[string]struct {
		datagram           []byte
		from               netip.AddrPort
		quic               bool
		received, observed int
		strayed            int
		counters           Counters
	}{
		"a packet from the end of the path":             {datagram: quicPacket, from: pathEnd, quic: true},
		"a packet from where the peer was heard":        {datagram: quicPacket, from: peerEndpoint, quic: true},
		"a packet from a stranger":                      {datagram: quicPacket, from: stranger, counters: Counters{UnknownSource: 1}},
		"a packet from another port of the path's":      {datagram: quicPacket, from: netip.AddrPortFrom(pathEnd.Addr(), 1), strayed: 1, counters: Counters{UnknownSource: 1}},
		"a packet too long for QUIC":                    {datagram: tooLong, from: pathEnd, counters: Counters{Junk: 1}},
		"a probe of ours":                               {datagram: probe(ours, keyToUs), from: stranger, received: 1},
		"a forged probe, which the engine sees through": {datagram: probe(ours, wire.ProbeKey{9}), from: stranger, received: 1},
		"a probe of another session":                    {datagram: probe(unknown, keyToUs), from: stranger, counters: Counters{UnknownSession: 1}},
		"a relay frame":                                 {datagram: frame(ours, quicPacket), from: server, counters: Counters{Junk: 1}},
		"the answer to our login":                       {datagram: accept(login), from: server, observed: 1},
		"an answer to another login":                    {datagram: accept(wire.TransactionID{6}), from: server, counters: Counters{ForgedAccept: 1}},
		"an answer to our login from somebody else":     {datagram: accept(login), from: stranger, counters: Counters{ForgedAccept: 1}},
		"a cut-off answer":                              {datagram: accept(login)[:30], from: server, counters: Counters{Junk: 1}},
		"nothing":                                       {datagram: nil, from: pathEnd, counters: Counters{Junk: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newListener(t)
			a := &auxiliary{session: l.session, id: 3, conn: &discard{}, login: login}
			a.server.Store(&server)
			if !l.session.outlets.add(3, a) {
				t.Fatal("the number is used")
			}
			l.session.usePath(punch.Path{Socket: 3, Direct: pathEnd})
			l.session.hear(3, peerEndpoint)
			engine := eavesdrop(l.session)
			if got := a.isPacket(test.datagram, test.from); got != test.quic {
				t.Errorf("QUIC gets it: %v", got)
			}
			received, observed, strayed := heard[punch.Received](engine), heard[punch.Observed](engine), heard[punch.Strayed](engine)
			if len(received) != test.received || len(observed) != test.observed || len(strayed) != test.strayed {
				t.Errorf("the engine hears %v, %v, %v", received, observed, strayed)
			}
			if test.strayed == 1 && (strayed[0] != punch.Strayed{Socket: 3, From: test.from}) || test.received == 1 && received[0].Socket != 3 {
				t.Errorf("the engine hears %v, %v", strayed, received)
			}
			if got := l.Counters(); got != test.counters {
				t.Errorf("counted %+v, want %+v", got, test.counters)
			}
		})
	}
}

// What was heard at one socket gives no entry at another, the main one included.
func TestAnEndpointIsHeardAtOneSocket(t *testing.T) {
	p := newPair(t)
	p.turnTo(t, 1)
	if x, _ := p.a.demultiplex(quicPacket, netip.AddrPortFrom(p.b.Addr().Addr(), 9)); x != nil {
		t.Error("a stranger's packet at the main socket reaches QUIC")
	}
	do(p.a.session, p.a.probeFrom(2, stranger))
	if p.a.auxiliary(t, 2).isPacket(quicPacket, p.b.Addr()) {
		t.Error("the peer's packet at a socket it was not heard at reaches QUIC")
	}
}

func TestASocketTheSystemRefusesIsLostOnce(t *testing.T) {
	a, _ := newLinkedPair(t)
	opened := 0
	a.open = func(netip.Addr) (datagramConn, error) {
		opened++
		return nil, syscall.EMFILE
	}
	engine := eavesdrop(a.session)
	do(a.session, a.probeFrom(1, stranger), a.probeFrom(1, stranger), punch.CloseSocket{Socket: 1}, a.probeFrom(1, stranger))
	if lost := heard[punch.SocketLost](engine); !slices.Equal(lost, []punch.SocketLost{{Socket: 1}}) {
		t.Errorf("the engine hears %v, want that socket 1 is lost", lost)
	}
	if opened != 1 {
		t.Errorf("it was tried %d times", opened)
	}
}

func TestAClosedSocketIsNotOpenedAgain(t *testing.T) {
	p := newPair(t)
	engine := eavesdrop(p.a.session)
	do(p.a.session, p.a.probeFrom(1, stranger), punch.CloseSocket{Socket: 1}, p.a.probeFrom(1, stranger), punch.CloseSocket{Socket: 1})
	if own, used := p.a.session.outlets.find(1); own != nil || !used {
		t.Error("a late datagram opened the socket again")
	}
	p.a.session.usePath(punch.Path{Socket: 1, Direct: stranger})
	p.a.session.send(quicPacket, 0, 0) // goes nowhere
	if lost := heard[punch.SocketLost](engine); len(lost) != 0 {
		t.Errorf("the engine hears that %v is lost, which it has closed itself", lost)
	}
}

func TestASocketThatFailsIsLost(t *testing.T) {
	a, _ := newLinkedPair(t)
	a.open = func(netip.Addr) (datagramConn, error) {
		return &failingReads{linkEnd: linkEnd{written: map[wire.DatagramKind]int{}}, left: 1}, nil
	}
	engine := eavesdrop(a.session)
	do(a.session, a.probeFrom(1, stranger))
	a.tasks.Wait()
	if lost := heard[punch.SocketLost](engine); !slices.Equal(lost, []punch.SocketLost{{Socket: 1}}) {
		t.Errorf("the engine hears %v, want that socket 1 is lost", lost)
	}
}

// A hard NAT takes this many at once.
const manySockets = 640

// openMany opens sockets that log in, which the governor counts as flows only.
func openMany(x *Session, sockets int) { openSome(x, 0, sockets) }

// openSome opens so many more when some are open.
func openSome(x *Session, open, more int) {
	for id := range more {
		do(x, punch.SendLogin{Socket: punch.SocketID(open + id + 1)})
	}
}

func TestHundredsOfSocketsComeAndGo(t *testing.T) {
	for name, end := range map[string]func(*side){
		"the engine closes them": func(p *side) {
			for id := range manySockets {
				do(p.session, punch.CloseSocket{Socket: punch.SocketID(id + 1)})
			}
		},
		"the session is closed": func(p *side) { p.session.Close() },
		"the socket is closed":  func(p *side) { p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.a.SetRendezvous(p.relay.addr)
			before := runtime.NumGoroutine()
			engine := eavesdrop(p.a.session)
			for opened := 0; opened < manySockets; opened += 40 { // as many as fit the relay's buffer
				openSome(p.a.session, opened, 40)
				poll(t, "every socket is observed", func() bool { return len(heard[punch.Observed](engine)) == opened+40 })
			}
			end(p.a)
			poll(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
			if own, _ := p.a.session.outlets.find(1); own != nil {
				t.Error("a socket is left")
			}
			if lost := heard[punch.SocketLost](engine); len(lost) != 0 {
				t.Errorf("the engine hears that %d sockets are lost", len(lost))
			}
		})
	}
}

func TestClosingWhileSocketsOpen(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		p := newPair(t)
		p.a.SetRendezvous(p.relay.addr)
		var done sync.WaitGroup
		done.Go(func() { openMany(p.a.session, 50) })
		done.Go(func() { p.a.Close() })
		done.Wait()
		p.b.Close()
		p.relay.conn.Close()
	}
	poll(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// A socket whose packets nobody takes must not hold up the end.
func TestCloseWhileTheQueueToTheReaderIsFull(t *testing.T) {
	l := newListener(t) // nobody reads from it
	for range relayedQueueLength {
		l.deliver(l.session, quicPacket, 0)
	}
	done := make(chan struct{})
	go func() {
		l.deliver(l.session, quicPacket, 0)
		close(done)
	}()
	l.end()
	<-done
}

func TestAReaderSharesTheTimeOfQueueAndSocket(t *testing.T) {
	l := newListener(t)
	l.conn = &closedWhenRead{}
	for range relayedQueueLength {
		l.deliver(l.session, quicPacket, 0)
	}
	if got := readAll(t, l.Socket, 8); len(got) != queueShare {
		t.Errorf("%d packets came from the queue before the socket's turn, want %d", len(got), queueShare)
	}
}

// closedWhenRead always has something to read, and that is the end.
type closedWhenRead struct{ stub }

func (*closedWhenRead) Readable() bool { return true }

func BenchmarkAuxiliarySockets(b *testing.B) {
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	for b.Loop() {
		p := newPair(b)
		p.a.SetRendezvous(p.relay.addr)
		before := memory()
		openMany(p.a.session, manySockets)
		b.ReportMetric(float64(memory()-before)/manySockets, "B/socket")
		p.a.Close()
	}
}

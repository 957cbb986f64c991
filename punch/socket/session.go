package socket

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// sentInterval is how often the engine hears that data is being sent. It
// watches paths in seconds; more often would only cost locks on the way of
// every packet.
const sentInterval = 100 * time.Millisecond

// strayedInterval is the least time between two strays the engine hears of.
// Strangers can send as many as they like; more often would have them cause
// work for us, and probes.
const strayedInterval = 100 * time.Millisecond

// leastStray is the size of the smallest datagram that counts as a stray. Its
// source can be forged and gets a probe: that is then at most three times as much
// as was sent (RFC 9000 section 8.1). The peer's packets are larger.
const leastStray = (wire.ProbeSize + 2) / 3

// engine is what a Session needs of punch.Engine; tests listen in between.
type engine interface {
	Step(now time.Time, event punch.Event) []punch.Action
	Wake() time.Time
	Path() punch.Path
	Ledger() []punch.Attempt
	Warnings() []punch.Warning
	Searching(now time.Time) bool
	NextTalk() time.Time
}

// Session is the driver's side of one session: it feeds the engine and does
// what the engine wants. All methods may be called concurrently, and from
// Config's callbacks.
type Session struct {
	socket *Socket
	id     wire.SessionID
	addr   *net.UDPAddr

	// path is the way data goes: what the engine last announced.
	path atomic.Pointer[punch.Path]
	// lastSent is when the engine last heard of data, in nanoseconds since
	// opened: a time of the monotonic clock, which nobody sets back.
	lastSent atomic.Int64
	opened   time.Time
	// lastStrayed is when the engine last heard of a stray, counted the same way.
	lastStrayed atomic.Int64
	redundancy  redundancy
	// heldBack counts what the governor did not let us send.
	heldBack atomic.Int64
	// outlets are the sockets of this session's own.
	outlets outlets
	// claims are the endpoints x has claimed, oldest first, and pathAddr is where
	// its direct path ends. The registry's.
	claims   []netip.AddrPort
	pathAddr netip.Addr

	mu     sync.Mutex
	engine engine
	// leftOut is what the last introductions named and we do not probe.
	leftOut []LeftOut
	// timer steps the engine when it wants to; nil until it first does.
	timer *time.Timer
	// pending are actions not done yet, in order.
	pending []punch.Action
	// acting is set while a goroutine does them, so that no other overtakes it.
	acting bool
	closed bool
}

// Open starts a session on the relay. It returns ErrSessionExists when there
// is one with this id, and net.ErrClosed after Close.
func (s *Socket) Open(config punch.Config) (*Session, error) {
	x := &Session{
		socket: s,
		id:     config.Session,
		addr:   handleOf(config.Session).addr(),
		engine: punch.New(config),
		opened: time.Now(),
	}
	x.path.Store(&punch.Path{})
	x.lastSent.Store(-int64(sentInterval)) // so that the first data counts
	x.lastStrayed.Store(-int64(strayedInterval))

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	if !s.registry.add(x) {
		return nil, ErrSessionExists
	}
	return x, nil
}

// ID returns the session's id.
func (x *Session) ID() wire.SessionID { return x.id }

// Addr returns the virtual address that names the peer in the Transport. It
// stays the same whatever the path.
func (x *Session) Addr() *net.UDPAddr { return x.addr }

// Path returns the path in use, with its latest RTT.
func (x *Session) Path() punch.Path {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.engine.Path()
}

// Introduction is what a session learns from the rendezvous.
type Introduction struct {
	// Candidates of the peer; those that may not be probed are left out.
	Candidates []wire.Candidate
	// FireIn is how long from now until both peers fire.
	FireIn time.Duration
	// Observed is our own endpoint as the rendezvous last saw it, the zero
	// AddrPort if it never did.
	Observed netip.AddrPort
	// Ours, Theirs, OpenerTTL, Taken and Caller are for the engine: see
	// punch.Introduced.
	Ours, Theirs wire.NATReport
	OpenerTTL    int
	Taken        []uint16
	Caller       bool
}

// Introduce starts to punch. It returns how many candidates may be probed.
func (x *Session) Introduce(in Introduction) int {
	fireAt := time.Now().Add(in.FireIn)
	candidates, leftOut := probeable(in.Candidates, x.socket.look(x.socket, in.Observed))
	x.mu.Lock()
	x.leftOut = withEarlier(leftOut, x.leftOut)
	x.mu.Unlock()
	x.step(punch.Introduced{
		Candidates: candidates,
		FireAt:     fireAt,
		Observed:   in.Observed,
		Ours:       in.Ours,
		Theirs:     in.Theirs,
		OpenerTTL:  in.OpenerTTL,
		Taken:      in.Taken,
		Caller:     in.Caller,
	})
	return len(candidates)
}

// Confine leaves the session the relay and nothing else, until Introduce: the peer
// is not to learn where we are. A session that begins so has it in its Config.
func (x *Session) Confine() { x.step(punch.Confined{}) }

// Suspect has the direct path proven anew, as before the first data after a
// pause: there is a reason to think that the peer has gone.
func (x *Session) Suspect() { x.step(punch.Sent{}) }

// Close ends the session and its own sockets: it sends and receives nothing
// more. A callback that has begun may still be running.
func (x *Session) Close() {
	x.mu.Lock()
	x.closed = true
	if x.timer != nil {
		x.timer.Stop()
	}
	x.mu.Unlock()
	x.outlets.closeAll()
	x.socket.registry.remove(x)
}

// sending notes that data is about to leave.
func (x *Session) sending() {
	if x.isDue(&x.lastSent, sentInterval) {
		x.step(punch.Sent{})
		x.redundancy.measure()
	}
}

// strayed notes that a packet of nobody's came from the address of our path.
func (x *Session) strayed(id punch.SocketID, from netip.AddrPort, packet []byte) {
	if len(packet) >= leastStray && x.isDue(&x.lastStrayed, strayedInterval) {
		x.step(punch.Strayed{Socket: id, From: from})
	}
}

// isDue reports whether interval has passed since last, which it sets to now
// if so.
func (x *Session) isDue(last *atomic.Int64, interval time.Duration) bool {
	now, before := int64(time.Since(x.opened)), last.Load()
	return now-before >= int64(interval) && last.CompareAndSwap(before, now)
}

// step feeds the engine one event and does what it wants.
func (x *Session) step(event punch.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return
	}
	now := time.Now()
	x.pending = append(x.pending, x.engine.Step(now, event)...)
	x.setTimer(now)
	if !x.acting {
		x.actPending()
	}
}

// setTimer arranges the next Tick. The caller holds x.mu.
func (x *Session) setTimer(now time.Time) {
	wake := x.engine.Wake()
	switch {
	case wake.IsZero():
		if x.timer != nil {
			x.timer.Stop()
		}
	case x.timer == nil:
		x.timer = time.AfterFunc(wake.Sub(now), func() { x.step(punch.Tick{}) })
	default:
		x.timer.Reset(wake.Sub(now))
	}
}

// actPending does the pending actions, and those that come up meanwhile, each
// with x.mu released: a callback may use the session. The caller holds x.mu.
func (x *Session) actPending() {
	// Counted under x.mu while not closed, so before Socket.Close waits.
	x.socket.tasks.Add(1)
	defer x.socket.tasks.Done()
	x.acting = true
	for len(x.pending) > 0 && !x.closed {
		action := x.pending[0]
		x.pending = x.pending[1:]
		x.mu.Unlock()
		x.act(action)
		x.mu.Lock()
	}
	x.acting = false
}

func (x *Session) act(action punch.Action) {
	switch action := action.(type) {
	case punch.SendDatagram:
		x.sendDatagram(action)
	case punch.SendLogin:
		x.sendLogin(action.Socket)
	case punch.ConnectTCP:
		x.connectTCP(action)
	case punch.CloseSocket:
		x.closeSocket(action.Socket)
	case punch.UsePath:
		x.usePath(action.Path)
	case punch.RequestTalk:
		x.socket.config.TalkWanted(x.id, action.Predicted)
	}
}

// usePath turns the data to path.
func (x *Session) usePath(path punch.Path) {
	if path.IsDirect() && !path.Doubtful {
		x.prove(path.Socket, path.Direct)
	}
	x.socket.registry.follow(x, path.Direct.Addr())
	x.path.Store(&path)
	x.logPath(path)
	x.socket.config.PathChanged(x.id, path)
}

// logPath writes the line by which operators follow a session.
func (x *Session) logPath(path punch.Path) {
	line := x.socket.config.Logger.Info().Stringer("session", x.id)
	if path.IsDirect() {
		line.Str("path", "direct").Stringer("endpoint", path.Direct).Uint32("socket", uint32(path.Socket)).
			Bool("tcp", path.TCP).Dur("rtt", path.RTT).Bool("doubtful", path.Doubtful).Msg("path changed")
		return
	}
	line.Str("path", "relay").Msg("path changed")
}

// NetworkChanged tells every session that the host's own network changed: its
// direct paths are in doubt, and its peer must learn the new endpoints.
func (s *Socket) NetworkChanged() {
	for _, x := range s.registry.all() {
		x.step(punch.Moved{})
	}
}

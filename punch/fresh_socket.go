package punch

import (
	"net/netip"
	"time"
)

// When a fresh socket is tried, counted from the instant both fired. By then
// the replies of any path up to 300 ms long would be here. The caller goes
// first, so that usually only one side has to.
const (
	silentCaller = 350 * time.Millisecond
	silentCallee = 700 * time.Millisecond
)

// freshSocket is the way out of a conntrack clash, and of whatever else spoils
// the one port we have: a router has noted the peer's early probe as a flow of
// its own, and now sends ours from another port than the rendezvous saw. No
// packet of a new socket has been seen by any router yet. We learn where it is
// mapped, open our router with an opener that the peer's never sees, and have
// the peer probe it first: the order is reversed.
//
//	we ── login ──▶ rendezvous: observed E        fresh socket
//	we ── opener ─▶ ✗ (dies on the way)           fresh socket
//	we ── talk {predicted E} ──▶ peer
//	peer ── probe ─▶ E                            goes through
type freshSocket struct {
	target  netip.AddrPort
	ttl     int
	due     time.Time // zero: done
	socket  observations
	openers int
	told    bool // the peer is being told where the socket is
}

// freshOpeners is how many openers a fresh socket sends, in case one is lost.
const freshOpeners = 2

func newFreshSocket(in Introduced, target netip.AddrPort, again bool) *freshSocket {
	silence := silentCallee
	if in.Caller {
		silence = silentCaller
	}
	if again {
		silence -= silentCaller // why wait for what has failed before?
	}
	return &freshSocket{target: target, ttl: in.OpenerTTL, due: in.FireAt.Add(silence)}
}

func (s *freshSocket) run(e *Engine, now time.Time) {
	s.socket.askAgain(e, now)
	if s.due.IsZero() || s.due.After(now) {
		return
	}
	if e.search.heard {
		s.due = time.Time{} // no clash: only a matter of time
		return
	}
	if len(s.socket.sockets) == 0 {
		s.socket.ask(e, now, StrategyFreshSocket, s.target)
	}
	e.open(now, route{s.socket.sockets[0], s.target}, s.ttl)
	s.due = now.Add(volleyOffsets[2])
	if s.openers++; s.openers == freshOpeners {
		s.due = time.Time{}
	}
}

func (s *freshSocket) wake() time.Time { return earliest(s.due, s.socket.wake()) }

func (s *freshSocket) observed(e *Engine, _ time.Time, event Observed) {
	if s.socket.take(event) {
		s.told = true
		e.act(RequestTalk{Predicted: s.socket.endpoints()})
	}
}

// introduced fires along with the peer.
func (s *freshSocket) introduced(e *Engine, _ time.Time, in Introduced) {
	if in.Caller && s.told {
		s.told = false
		e.checks.fireFrom(route{s.socket.sockets[0], s.target}, e.monitor.current, in.FireAt)
	}
}

package punch

import (
	"net/netip"
	"slices"
	"time"
)

// heardFor is how long after its last authentic probe a socket of our own stays
// open though our path is another: the peer may have chosen it.
const heardFor = 5 * time.Minute

// ownSocket is a socket of this session.
type ownSocket struct {
	id SocketID
	// strategy and target name its line of the ledger.
	strategy Strategy
	target   netip.AddrPort
	// heard is when the last authentic datagram came in; zero: never.
	heard time.Time
}

// ownSockets are those that are open, oldest first.
type ownSockets struct {
	last SocketID
	open []ownSocket
}

// openSocket numbers a new socket, for the sake of a strategy.
func (e *Engine) openSocket(strategy Strategy, target netip.AddrPort) SocketID {
	s := &e.sockets
	s.last++
	s.open = append(s.open, ownSocket{id: s.last, strategy: strategy, target: target})
	e.entry(strategy, target).Sockets++
	return s.last
}

// find returns an open socket, or nil. The main one is none of them.
func (s *ownSockets) find(id SocketID) *ownSocket {
	i := slices.IndexFunc(s.open, func(o ownSocket) bool { return o.id == id })
	if i < 0 {
		return nil
	}
	return &s.open[i]
}

// isOpen reports whether datagrams can go out from a socket.
func (s *ownSockets) isOpen(id SocketID) bool { return id == 0 || s.find(id) != nil }

// closeSockets closes the sockets that nobody uses: not our path, and not the
// peer's as far as we can tell.
func (e *Engine) closeSockets(now time.Time) {
	e.sockets.open = slices.DeleteFunc(e.sockets.open, func(s ownSocket) bool {
		inUse := e.monitor.current != nil && e.monitor.current.socket == s.id
		if inUse || !s.heard.IsZero() && now.Sub(s.heard) < heardFor {
			return false
		}
		e.checks.forget(s.id)
		e.act(CloseSocket{Socket: s.id})
		return true
	})
}

// socketLost forgets a socket, and leaves the path that used it at once.
func (e *Engine) socketLost(now time.Time, id SocketID) {
	if id == 0 {
		return
	}
	e.sockets.open = slices.DeleteFunc(e.sockets.open, func(s ownSocket) bool { return s.id == id })
	if e.monitor.current != nil && e.monitor.current.socket == id {
		e.giveUp(now)
	}
	e.checks.forget(id)
}

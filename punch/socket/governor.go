package socket

import (
	"net/netip"
	"sync"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// governor is the driver of punch.Governor, shared by all sessions.
type governor struct {
	counters *counters

	mu  sync.Mutex
	all punch.Governor
}

// mayProbe pays for a probe on flow.
func (g *governor) mayProbe(flow punch.Flow) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count(g.all.Probe(time.Now(), flow))
}

// mayConnect pays for the attempts to open a TCP connection on flow: each is a
// packet to somebody who has not answered.
func (g *governor) mayConnect(flow punch.Flow) bool {
	for range attemptTimes {
		if !g.mayProbe(flow) {
			return false
		}
	}
	return true
}

// mayOpen pays for another datagram on flow.
func (g *governor) mayOpen(flow punch.Flow) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count(g.all.Open(time.Now(), flow))
}

func (g *governor) count(verdict punch.Verdict) bool {
	switch verdict {
	case punch.TooManyProbes:
		g.counters.probesHeldBack.Add(1)
	case punch.TooManyFlows:
		g.counters.flowsHeldBack.Add(1)
	}
	return verdict == punch.Allowed
}

// flow names what our router remembers of a datagram of x's.
func (x *Session) flow(id punch.SocketID, to netip.AddrPort) punch.Flow {
	if id == 0 {
		return punch.Flow{To: to} // the same for all sessions
	}
	return punch.Flow{Session: x.id, Socket: id, To: to}
}

// sendDatagram sends a probe or a reply of the engine's.
func (x *Session) sendDatagram(action punch.SendDatagram) {
	if action.To == throughRelay {
		x.sendRelayed(action.Datagram, len(action.Datagram), 0)
		return
	}
	if !x.allows(action) {
		x.heldBack.Add(1)
		return // lost, as far as the engine can tell
	}
	if action.Socket == 0 {
		s := x.socket
		s.writeTo(s.conn, action.Datagram, 0, 0, action.To, action.TTL)
	} else if own := x.own(action.Socket); own != nil {
		own.write(action.Datagram, 0, 0, action.To, action.TTL)
	}
}

// allows asks the governor. What goes to an endpoint that has answered is free.
// A reply is paid as a flow only: it is not larger than its probe, which was
// authentic, but a peer could name any source.
func (x *Session) allows(action punch.SendDatagram) bool {
	if x.hasProven(action.Socket, action.To) {
		return true
	}
	flow := x.flow(action.Socket, action.To)
	if wire.Classify(action.Datagram) != wire.DatagramProbeReply {
		return x.socket.governor.mayProbe(flow)
	}
	x.hear(action.Socket, action.To)
	return x.socket.governor.mayOpen(flow)
}

// hear notes that the peer has sent an authentic probe to one of our sockets:
// the engine replies to no other.
func (x *Session) hear(id punch.SocketID, from netip.AddrPort) {
	if id == 0 {
		x.socket.registry.hear(x, from)
	} else {
		x.outlets.hear(id, from, false)
	}
}

// prove notes that the peer has answered a probe from one of our sockets.
func (x *Session) prove(id punch.SocketID, to netip.AddrPort) {
	if id == 0 {
		x.socket.registry.prove(x, to)
	} else {
		x.outlets.hear(id, to, true)
	}
}

func (x *Session) hasProven(id punch.SocketID, to netip.AddrPort) bool {
	if id == 0 {
		return x.socket.registry.hasProven(x, to)
	}
	return x.outlets.hasProven(id, to)
}

package socket

import (
	"net/netip"
	"slices"
	"sync"

	"peerd/punch"
	"peerd/wire"
)

// An outlet is a socket that belongs to one session alone: an auxiliary UDP
// socket, or a TCP connection to the peer.
type outlet interface {
	// write sends datagrams of segmentSize (the last may be shorter; 0: a single
	// one), or drops them: what cannot be sent is the engine's to notice. A ttl
	// of 0 is the system's. TCP has one destination and no TTL: it drops what
	// goes elsewhere, and what has a ttl. It may be called concurrently, also
	// after close.
	write(datagrams []byte, segmentSize int, ecn uint8, to netip.AddrPort, ttl int)
	// close ends the outlet without waiting for its goroutine, which is one of
	// Socket.tasks. It may be called more than once.
	close()
}

// outlets are the sockets of one session, and who has been heard at them. The
// zero value is ready for use. Its methods may be called concurrently.
type outlets struct {
	mu   sync.RWMutex
	open map[punch.SocketID]outlet
	// used has a bit for each number that was ever taken, so that a datagram
	// for a socket that is no more does not open it again.
	used []uint64
	// claims are the peer's endpoints, the oldest first, at most maxClaims.
	claims []outletClaim
	closed bool
}

// outletClaim says that the peer was heard from an endpoint at a socket.
type outletClaim struct {
	socket punch.SocketID
	from   netip.AddrPort
	proven bool
}

// find returns the outlet with this number, and whether the number was ever
// used; a used one without an outlet is of a socket that is no more.
func (o *outlets) find(id punch.SocketID) (found outlet, used bool) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.open[id], o.isUsed(id)
}

func (o *outlets) isUsed(id punch.SocketID) bool {
	return int(id/64) < len(o.used) && o.used[id/64]&(1<<(id%64)) != 0
}

// add makes an outlet known by a number, which is used from then on; nil uses
// the number up. It reports false when the number was used, or the session is
// closed: then the caller closes what it wanted to add.
func (o *outlets) add(id punch.SocketID, added outlet) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.isUsed(id) {
		return false
	}
	for len(o.used) <= int(id/64) {
		o.used = append(o.used, 0)
	}
	o.used[id/64] |= 1 << (id % 64)
	if added == nil {
		return true
	}
	if o.open == nil {
		o.open = map[punch.SocketID]outlet{}
	}
	o.open[id] = added
	return true
}

// remove forgets an outlet and what was heard at it; nil if there is none.
func (o *outlets) remove(id punch.SocketID) outlet {
	o.mu.Lock()
	defer o.mu.Unlock()
	removed := o.open[id]
	delete(o.open, id)
	o.claims = slices.DeleteFunc(o.claims, func(c outletClaim) bool { return c.socket == id })
	return removed
}

// closeAll closes every outlet; none can be added later.
func (o *outlets) closeAll() {
	o.mu.Lock()
	o.closed = true
	open := o.open
	o.open, o.claims = nil, nil
	o.mu.Unlock()
	for _, outlet := range open {
		outlet.close()
	}
}

// hear notes that the peer sent an authentic probe from an endpoint to a
// socket; with proven, that it answered one of ours from there.
func (o *outlets) hear(id punch.SocketID, from netip.AddrPort, proven bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := o.claim(id, from); i >= 0 {
		o.claims[i].proven = o.claims[i].proven || proven
		return
	}
	if o.open[id] == nil {
		return
	}
	if len(o.claims) == maxClaims {
		o.claims = slices.Delete(o.claims, 0, 1)
	}
	o.claims = append(o.claims, outletClaim{socket: id, from: from, proven: proven})
}

// hasHeard reports whether the peer was heard from an endpoint at a socket.
func (o *outlets) hasHeard(id punch.SocketID, from netip.AddrPort) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.claim(id, from) >= 0
}

// hasProven reports whether the peer answered from an endpoint to a socket.
func (o *outlets) hasProven(id punch.SocketID, to netip.AddrPort) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	i := o.claim(id, to)
	return i >= 0 && o.claims[i].proven
}

// claim returns the index of a claim, or -1.
func (o *outlets) claim(id punch.SocketID, from netip.AddrPort) int {
	return slices.IndexFunc(o.claims, func(c outletClaim) bool { return c.socket == id && c.from == from })
}

// throughRelay is where a datagram comes from that came through the relay.
var throughRelay netip.AddrPort

// receive takes a datagram that came in at an outlet, or through the relay in
// the session's name, and therefore is of this session or of none. It reports
// whether it is a packet for QUIC: then the caller hands it on.
func (x *Session) receive(id punch.SocketID, datagram []byte, from netip.AddrPort) (isPacket bool) {
	switch wire.Classify(datagram) {
	case wire.DatagramQUIC:
		return x.acceptsPacket(id, datagram, from)
	case wire.DatagramProbe, wire.DatagramProbeReply:
		if session, _ := wire.ProbeSession(datagram); session != x.id {
			x.socket.counters.unknownSession.Add(1)
			return false
		}
		x.step(punch.Received{Socket: id, From: from, Datagram: datagram})
	default:
		x.socket.counters.junk.Add(1)
	}
	return false
}

// acceptsPacket reports whether a packet is QUIC's to look at: it comes through
// the relay, from the end of the path, or from where the peer was heard.
func (x *Session) acceptsPacket(id punch.SocketID, packet []byte, from netip.AddrPort) bool {
	if len(packet) > maxQUICPacket {
		x.socket.counters.junk.Add(1)
		return false
	}
	if from == throughRelay {
		return true
	}
	path := x.path.Load()
	if path.Socket == id && path.Direct == from || x.outlets.hasHeard(id, from) {
		return true
	}
	x.socket.counters.unknownSource.Add(1)
	if path.IsDirect() && path.Direct.Addr() == from.Addr() {
		x.strayed(id, from, packet)
	}
	return false
}

// closeSocket ends an outlet that the engine has no more use for.
func (x *Session) closeSocket(id punch.SocketID) {
	if closing := x.outlets.remove(id); closing != nil {
		closing.close()
	}
}

// lose tells the engine, once, that an outlet is no more, or never was. It does
// nothing when the engine itself has closed it.
func (x *Session) lose(id punch.SocketID) {
	if lost := x.outlets.remove(id); lost != nil {
		lost.close()
		x.step(punch.SocketLost{Socket: id})
	}
}

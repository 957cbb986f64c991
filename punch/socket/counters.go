package socket

import "sync/atomic"

// Counters tell what a Socket has dropped or failed to send since it was
// opened. QUIC repairs what is lost here; a counter that grows fast says why
// a session is slow.
type Counters struct {
	// SendErrors are sends the system refused: no route, a firewall, no memory.
	SendErrors uint64
	// Junk are datagrams that are nothing we know, or too large to be QUIC's.
	Junk uint64
	// UnknownSource are QUIC packets from an endpoint no session has claimed.
	UnknownSource uint64
	// UnknownSession are probes and relay frames of a session we do not have.
	UnknownSession uint64
	// ForeignRelay are relay frames from elsewhere than the rendezvous.
	ForeignRelay uint64
	// ForgedAccept are Accepts nobody asked for, or from another endpoint.
	ForgedAccept uint64
	// RelayedOverflow are datagrams of the control connection that found the
	// queue to the reader full.
	RelayedOverflow uint64
	// ProbesHeldBack are probes that would have made too many in a second.
	ProbesHeldBack uint64
	// FlowsHeldBack are datagrams that would have opened too many flows on our
	// router.
	FlowsHeldBack uint64
	// StreamOverflow are datagrams that a TCP connection to a peer had no room
	// for.
	StreamOverflow uint64
}

type counters struct {
	sendErrors, junk, unknownSource, unknownSession, foreignRelay, forgedAccept, relayedOverflow,
	probesHeldBack, flowsHeldBack, streamOverflow atomic.Uint64
}

// Counters returns the current values.
func (s *Socket) Counters() Counters {
	c := &s.counters
	return Counters{
		SendErrors:      c.sendErrors.Load(),
		Junk:            c.junk.Load(),
		UnknownSource:   c.unknownSource.Load(),
		UnknownSession:  c.unknownSession.Load(),
		ForeignRelay:    c.foreignRelay.Load(),
		ForgedAccept:    c.forgedAccept.Load(),
		RelayedOverflow: c.relayedOverflow.Load(),
		ProbesHeldBack:  c.probesHeldBack.Load(),
		FlowsHeldBack:   c.flowsHeldBack.Load(),
		StreamOverflow:  c.streamOverflow.Load(),
	}
}

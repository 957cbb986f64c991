package punch

import (
	"net/netip"
	"time"
)

// An Event is something that happened to the session.
type Event interface{ event() }

// Introduced says that the rendezvous introduced the two peers, for the first
// time or again. It starts a volley at FireAt.
type Introduced struct {
	// Candidates of the peer, the most promising first, already filtered: the
	// engine probes whatever is here, but no more than wire.MaxCandidates.
	Candidates []netip.AddrPort
	// FireAt is the instant both peers fire. One in the past fires at once.
	FireAt time.Time
}

// Received is a datagram that names this session in a probe or a probe reply.
// The engine checks its MAC; forged ones change nothing.
type Received struct {
	From     netip.AddrPort
	Datagram []byte
}

// Sent says that application data is about to go to the peer: a path that has
// been idle is put in doubt before the data leaves, so that it goes both ways.
type Sent struct{}

// Moved says that our own network changed: the direct path is in doubt and the
// peer must learn our new endpoints.
type Moved struct{}

// Tick says that the time Engine.Wake returned has come.
type Tick struct{}

func (Introduced) event() {}
func (Received) event()   {}
func (Sent) event()       {}
func (Moved) event()      {}
func (Tick) event()       {}

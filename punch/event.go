package punch

import (
	"net/netip"
	"time"

	"peerd/wire"
)

// An Event is something that happened to the session.
type Event interface{ event() }

// Introduced says that the rendezvous introduced the two peers, for the first
// time or again. It starts a volley at FireAt.
type Introduced struct {
	// Candidates of the peer, the most promising first, already filtered: the
	// engine probes whatever is here, but no more than wire.MaxCandidates.
	Candidates []Candidate
	// FireAt is the instant both peers fire. One in the past fires at once.
	FireAt time.Time
	// Observed is our own endpoint as the rendezvous last saw it, the zero
	// AddrPort if it never did.
	Observed netip.AddrPort
	// Ours and Theirs are what the two peers measured of their NATs. Theirs is
	// the peer's word: a false one costs no more than the budget.
	Ours, Theirs wire.NATReport
	// OpenerTTL is the TTL with which a packet passes all of our own NATs and
	// dies soon after; 0 when it was not measured.
	OpenerTTL int
	// Taken are ports of our own NAT that are known to be in use.
	Taken []uint16
	// Caller is set for the peer whose request caused the introduction.
	Caller bool
}

// Candidate is an endpoint at which the peer may be reachable.
type Candidate struct {
	Endpoint netip.AddrPort
	Kind     wire.CandidateKind
}

// Received is a datagram that names this session in a probe or a probe reply.
// The engine checks its MAC; forged ones change nothing.
type Received struct {
	Socket SocketID // that it came in at
	// From is the zero AddrPort for what came through the relay.
	From     netip.AddrPort
	Datagram []byte
}

// Observed answers a SendLogin: the rendezvous saw the socket at Endpoint.
type Observed struct {
	Socket   SocketID
	Endpoint netip.AddrPort
}

// Connected answers a ConnectTCP: datagrams can be exchanged on Socket, but who
// is at the other end is not proven.
type Connected struct{ Socket SocketID }

// SocketLost says that Socket is no more: a TCP connection broke, or the system
// refused to open another socket.
type SocketLost struct{ Socket SocketID }

// Strayed says that something that may be the peer's data came from an endpoint
// unknown to the session, at the address of the path in use: the peer's router
// may have given it another port.
type Strayed struct {
	Socket SocketID
	From   netip.AddrPort
}

// Sent says that application data is about to go to the peer: a path that has
// been idle is put in doubt before the data leaves, so that it goes both ways.
type Sent struct{}

// Moved says that our own network changed: the direct path is in doubt and the
// peer must learn our new endpoints.
type Moved struct{}

// Confined says that the relay is the only way allowed from now on, until the next
// Introduced: nothing is sent to any endpoint of the peer's, and nothing that comes
// from one is answered.
type Confined struct{}

// Tick says that the time Engine.Wake returned has come.
type Tick struct{}

func (Introduced) event() {}
func (Received) event()   {}
func (Observed) event()   {}
func (Connected) event()  {}
func (SocketLost) event() {}
func (Strayed) event()    {}
func (Sent) event()       {}
func (Moved) event()      {}
func (Confined) event()   {}
func (Tick) event()       {}

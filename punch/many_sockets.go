package punch

import (
	"net/netip"
	"time"
)

// The two halves of the birthday attack on a NAT that picks ports at random.
// The hard side opens manySockets sockets towards the peer, the easy side
// probes sprayPorts different ports: they meet with a chance of
//
//	1 - (1 - manySockets/64512)^sprayPorts = 99.8 %
//
// and together cost 1,280 router flows, half on each router. For a given number
// of flows equal halves are the best, in chance and in time: half of all
// attempts succeed within the first 70 ports. Inside a block of 1,024 ports
// blockSockets and blockSprayPorts meet with 99.98 %.
//
// Fewer fail more often; more exceed what small home routers hold.
const (
	manySockets     = 640
	sprayPorts      = 640
	blockSockets    = 64
	blockSprayPorts = 128
)

const (
	// socketsAtOnce are opened every socketPause: 1,000 a second. Faster bursts
	// overflow the queues of small routers.
	socketsAtOnce = 8
	socketPause   = 8 * time.Millisecond
)

// socketRow opens sockets towards the peer's one endpoint, so that our NAT
// opens as many random ports for it, one of which the peer's spray finds. What
// they send are openers: the peer's router sees nothing until the peer's own
// probe has passed it.
type socketRow struct {
	target netip.AddrPort
	ttl    int
	due    time.Time // of the next few; zero: all are open
	left   int
}

func newManySockets(now time.Time, in Introduced, target netip.AddrPort) *socketRow {
	s := &socketRow{target: target, ttl: in.OpenerTTL, due: in.FireAt, left: manySockets}
	if in.OpenerTTL > 0 {
		s.due = now
	}
	if classOf(in.Ours) == classBlock {
		s.left = blockSockets
	}
	return s
}

func (s *socketRow) run(e *Engine, now time.Time) {
	if s.due.IsZero() || s.due.After(now) {
		return
	}
	for range min(s.left, socketsAtOnce) {
		fresh := e.openSocket(StrategyManySockets, s.target)
		e.open(now, route{fresh, s.target}, s.ttl)
		s.left--
	}
	s.due = now.Add(socketPause)
	if s.left == 0 {
		s.due = time.Time{}
	}
}

func (s *socketRow) wake() time.Time { return s.due }

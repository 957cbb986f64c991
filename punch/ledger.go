package punch

import (
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

// A Strategy is a way to look for a direct path. Several run at once.
type Strategy uint8

// The strategies.
const (
	// StrategyVolley probes an endpoint that was named, or that the peer was
	// heard at, from the main socket.
	StrategyVolley Strategy = iota
	// StrategyFreshSocket opens a new socket and has the peer probe where our
	// NAT maps that: against sequential allocation, and after a conntrack clash.
	StrategyFreshSocket
	// StrategyManySockets opens many sockets towards the peer's one endpoint, so
	// that its spray meets one of them: our NAT gives them random ports.
	StrategyManySockets
	// StrategySpray probes many ports of the peer's address from the main socket.
	StrategySpray
	// StrategyMeetingPort has both peers open sockets until one of each side sits
	// on the port it has promised to the other: both NATs pick ports.
	StrategyMeetingPort
	// StrategyTCP opens a TCP connection from both sides at once.
	StrategyTCP
	// StrategyReunion probes the last known endpoints at agreed instants, while
	// no rendezvous can introduce us.
	StrategyReunion
)

// String returns "volley", "fresh-socket", "many-sockets", "spray",
// "meeting-port", "tcp" or "reunion".
func (s Strategy) String() string {
	words := [...]string{"volley", "fresh-socket", "many-sockets", "spray", "meeting-port", "tcp", "reunion"}
	if int(s) >= len(words) {
		return "unknown"
	}
	return words[s]
}

// An Attempt is a line of the ledger: what one strategy did about one endpoint
// since the last introduction that began anew, and what came back.
type Attempt struct {
	Strategy Strategy
	Kind     wire.CandidateKind // of Endpoint; 0: learned from the peer's probes
	// Endpoint is the peer's. Its port is 0 for a strategy that tries many.
	Endpoint    netip.AddrPort
	First, Last time.Time // of the packets sent; zero: none yet
	// Probes and Openers count what was sent (openers die on the way), Heard the
	// authentic probes that came from there, Replies the answers to ours.
	Probes, Openers, Heard, Replies int
	// Sockets is how many were opened for it.
	Sockets int
	// RTT of the last reply.
	RTT time.Duration
}

// maxLedger bounds the lines: the named candidates, the learned ones, and a line
// for every strategy.
const maxLedger = maxNamed + maxReflexive + 8

// Ledger returns what was tried since the last introduction that began anew.
func (e *Engine) Ledger() []Attempt { return slices.Clone(e.ledger) }

// Searching reports whether strategies or volleys are still under way.
func (e *Engine) Searching(now time.Time) bool {
	if e.isDirect() {
		return false
	}
	wake := e.checks.wake()
	for _, strategy := range e.search.strategies {
		wake = earliest(wake, strategy.wake())
	}
	return !wake.IsZero() && e.search.running(now)
}

// NextTalk returns when the engine asks for another introduction, if there is
// still no direct path then and data that would profit; the zero time when it
// plans none.
func (e *Engine) NextTalk() time.Time {
	if e.monitor.current != nil {
		return time.Time{}
	}
	return e.talk.at
}

// entry returns the line of a strategy and an endpoint. Beyond the bound there
// is one line for all the rest.
func (e *Engine) entry(strategy Strategy, endpoint netip.AddrPort) *Attempt {
	for i := range e.ledger {
		if line := &e.ledger[i]; line.Strategy == strategy && line.Endpoint == endpoint {
			return line
		}
	}
	if len(e.ledger) >= maxLedger {
		return &e.ledger[maxLedger-1]
	}
	e.ledger = append(e.ledger, Attempt{Strategy: strategy, Endpoint: endpoint})
	return &e.ledger[len(e.ledger)-1]
}

// entryOf returns the line that a route belongs to. The probes that keep a path
// in use after its search are no attempts: their line is not kept.
func (e *Engine) entryOf(way route) *Attempt {
	if e.search.ends.IsZero() && e.monitor.current != nil && e.monitor.current.route == way {
		return new(Attempt)
	}
	if socket := e.sockets.find(way.socket); socket != nil {
		return e.entry(socket.strategy, socket.target)
	}
	c := e.checks.find(way)
	if e.search.sprays(way.to.Addr()) && (c == nil || c.kind == 0) {
		return e.entry(StrategySpray, anyPort(way.to.Addr()))
	}
	line := e.entry(StrategyVolley, way.to)
	if c != nil {
		line.Kind = c.kind
	}
	return line
}

// count adds one packet.
func (a *Attempt) count(now time.Time, ttl int) {
	if a.First.IsZero() {
		a.First = now
	}
	a.Last = now
	if ttl > 0 {
		a.Openers++
	} else {
		a.Probes++
	}
}

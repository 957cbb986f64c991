package punch

import (
	"net/netip"
	"time"

	"peerd/wire"
)

const (
	// sandwichOpeners is how many sockets are opened towards the peer between
	// the samples. One is enough unless its opener is lost.
	sandwichOpeners = 2
	// sandwichRounds is how often the strategy is tried, and sandwichPause how
	// long each round may take: two round trips to the rendezvous and one to
	// the peer. A round fails when other traffic filled the gap.
	sandwichRounds = 4
	sandwichPause  = 700 * time.Millisecond
	// predictions is the most endpoints that the peer is asked to probe. Its
	// introduction must hold our other candidates too.
	predictions = wire.MaxCandidates - 2
)

// sandwich finds out which port a sequential NAT has given us for the peer: it
// opens sockets towards the peer between sockets that log in. The rendezvous
// tells the ports before and after; ours lie in between, whatever the drift, as
// all of it happens within a millisecond.
//
//	login ─▶ rendezvous   port 7001
//	login ─▶ rendezvous   port 7002   the step is 1
//	opener ─▶ peer        port 7003   ┐ these are what the
//	opener ─▶ peer        port 7004   ┘ peer is asked to probe
//	login ─▶ rendezvous   port 7005
//
// (Prediction from samples is Klinec and Matyáš, 2014; they sample, then
// guess.)
type sandwich struct {
	target  netip.AddrPort
	ttl     int
	due     time.Time // of the next round; zero: no more
	rounds  int
	samples observations
	openers []SocketID // of this round
	// told is set once the peer is being told all the ports that the openers may
	// have.
	told bool
}

// newSandwich begins at once when nobody sees the openers but our router, else
// with the volley.
func newSandwich(now time.Time, in Introduced, target netip.AddrPort) *sandwich {
	if in.OpenerTTL > 0 {
		return &sandwich{target: target, ttl: in.OpenerTTL, due: now}
	}
	return &sandwich{target: target, due: in.FireAt}
}

func (s *sandwich) run(e *Engine, now time.Time) {
	s.samples.askAgain(e, now)
	if s.due.IsZero() || s.due.After(now) {
		return
	}
	s.due = time.Time{}
	if s.rounds++; s.rounds < sandwichRounds {
		s.due = now.Add(sandwichPause)
	}
	s.samples, s.openers, s.told = observations{}, nil, false
	s.samples.ask(e, now, StrategyFreshSocket, s.target)
	s.samples.ask(e, now, StrategyFreshSocket, s.target)
	for range sandwichOpeners {
		fresh := e.openSocket(StrategyFreshSocket, s.target)
		s.openers = append(s.openers, fresh)
		e.open(now, route{fresh, s.target}, s.ttl)
	}
	s.samples.ask(e, now, StrategyFreshSocket, s.target)
}

func (s *sandwich) wake() time.Time { return earliest(s.due, s.samples.wake()) }

func (s *sandwich) observed(e *Engine, _ time.Time, event Observed) {
	if !s.samples.take(event) {
		return
	}
	if filling := between(s.samples.endpoints()); len(filling) > 0 {
		s.told = len(filling) < predictions // else there may be more
		e.act(RequestTalk{Predicted: filling})
	}
}

// introduced fires along with the peer, which has been told our ports: its
// router lets us in just when ours lets it in.
func (s *sandwich) introduced(e *Engine, _ time.Time, in Introduced) {
	if !in.Caller || !s.told {
		return
	}
	s.told = false
	for _, id := range s.openers {
		e.checks.fireFrom(route{id, s.target}, e.monitor.current, in.FireAt)
	}
}

// between returns the endpoints that a sequential NAT has given out between the
// last two samples, at most predictions; the first two show the step. Where
// the ports wrapped around there are none, and the next round does better.
func between(samples []netip.AddrPort) []netip.AddrPort {
	addr := samples[0].Addr()
	first, second, third := int(samples[0].Port()), int(samples[1].Port()), int(samples[2].Port())
	if samples[1].Addr() != addr || samples[2].Addr() != addr {
		return nil
	}
	step := greatestCommonDivisor(second-first, third-second)
	if third < second {
		step = -step
	}
	if step == 0 || (third-second)/step > largestGap {
		return nil
	}
	var filling []netip.AddrPort
	for port := second + step; port != third && len(filling) < predictions; port += step {
		filling = append(filling, netip.AddrPortFrom(addr, uint16(port)))
	}
	return filling
}

// largestGap is how many ports apart the samples may be that still tell
// something. More, and the NAT does not count, or not for us alone.
const largestGap = 32

// greatestCommonDivisor is positive, or 0 for two zeros.
func greatestCommonDivisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}

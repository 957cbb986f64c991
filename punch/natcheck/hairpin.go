package natcheck

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"peerd/wire"
)

// measureHairpin has two sockets write to each other's observed endpoint. Both
// write, because the NAT may filter what comes by this way as if it came from
// outside; one datagram that comes in is a yes.
func (m *measurement) measureHairpin() {
	if m.views.Mapping() == wire.MappingNone {
		return // nothing to turn around at
	}
	left, right := m.openObserved(), m.openObserved()
	defer left.close()
	defer right.close()
	if !left.observed.IsValid() || !right.observed.IsValid() {
		m.gaps.add(Hairpin, m.silence(NoAnswer))
		return
	}
	heard := m.exchange(left, right)
	switch {
	case heard:
		m.hairpin = Yes
	case m.ctx.Err() != nil:
		m.gaps.add(Hairpin, OutOfTime)
	default:
		m.hairpin = No
	}
}

// observedSpare is a spare whose outside endpoint is known.
type observedSpare struct {
	*spare
	observed netip.AddrPort
}

func (m *measurement) openObserved() observedSpare {
	s, err := openSpare(m.ctx, m.config)
	if err != nil {
		return observedSpare{}
	}
	q := ask(m.config.Server, wire.Change{})
	s.ask(m.patience(), q)
	return observedSpare{s, q.observed()}
}

func (s observedSpare) close() {
	if s.spare != nil {
		s.spare.close()
	}
}

// exchange reports whether a Login that one socket sent reached the other.
func (m *measurement) exchange(left, right observedSpare) bool {
	toRight, toLeft := ask(right.observed, wire.Change{}), ask(left.observed, wire.Change{})
	var heard atomic.Bool
	var both sync.WaitGroup
	both.Go(func() { left.sendAndHear(&heard, toRight, toLeft) })
	both.Go(func() { right.sendAndHear(&heard, toLeft, toRight) })
	both.Wait()
	return heard.Load()
}

// sendAndHear sends one question and listens for another, until either side has
// heard something.
func (s observedSpare) sendAndHear(heard *atomic.Bool, outgoing, incoming *question) {
	start := time.Now()
	for _, next := range repeats[:3] {
		s.send(outgoing)
		if s.receive(start.Add(next), incoming.isAsked) {
			heard.Store(true)
		}
		if heard.Load() {
			return
		}
	}
}

// isAsked reports whether a datagram is the question itself.
func (q *question) isAsked(datagram []byte, _ netip.AddrPort) bool {
	login, err := wire.ParseLogin(datagram)
	return err == nil && login.TransactionID == q.login.TransactionID
}

package natcheck

import (
	"net/netip"
	"sync"
	"time"

	"peerd/punch"
	"peerd/wire"
)

// sweepTTLs is how far the sweep looks: a home router, a carrier's NAT and what
// a provider may have before, between and behind them.
const sweepTTLs = 8

// measureHops sends a Login with every TTL, each from a socket of its own, as a
// router's report need not quote enough of a packet to tell them apart.
func (m *measurement) measureHops() {
	if !m.canSweep() {
		return
	}
	var routers [sweepTTLs]netip.Addr
	var reached [sweepTTLs]bool
	var all sync.WaitGroup
	for i := range sweepTTLs {
		all.Go(func() { routers[i], reached[i] = m.tryTTL(i + 1) })
	}
	all.Wait()
	m.swept = punch.Sweep{Routers: routers[:]}
	for i := sweepTTLs; i > 0; i-- {
		if reached[i-1] {
			m.swept.Reached = i
		}
	}
}

// canSweep reports whether this system tells of routers' reports. There is no
// sweep for IPv6, which has no NATs to pass.
func (m *measurement) canSweep() bool { return sweepSupported && m.config.Server.Addr().Is4() }

// noteHops says what of the hops stays unknown; the mapping has to be known.
func (m *measurement) noteHops() {
	switch {
	case !m.canSweep():
		m.gaps.add(Hops, Unsupported)
	case !m.swept.Answered():
		m.gaps.add(Hops, NoReports)
	case m.swept.OpenerTTL(m.swept.OwnHops(m.views.Main.Addr(), m.views.Mapping())) == 0:
		m.gaps.add(Hops, NothingBetween)
	}
}

// tryTTL returns the router at which a Login with this TTL died, or whether it
// arrived.
func (m *measurement) tryTTL(ttl int) (router netip.Addr, reached bool) {
	s, err := openSpare(m.ctx, m.config)
	if err != nil {
		return netip.Addr{}, false
	}
	defer s.close()
	if s.limitTTL(ttl) != nil {
		return netip.Addr{}, false
	}
	q := ask(m.config.Server, wire.Change{})
	start := time.Now()
	for attempt := 0; ; attempt++ {
		s.send(q)
		next := m.patience()
		if attempt < len(repeats) {
			next = min(next, repeats[attempt])
		}
		router = s.awaitReport(start.Add(next), q)
		if router.IsValid() || q.answered() || next == m.patience() {
			return router, q.answered()
		}
	}
}

package natcheck

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"peerd/wire"
)

// sweepTTLs is how far the sweep looks: a home router, a carrier's NAT and what
// a provider may have before, between and behind them.
const sweepTTLs = 8

// measureHops sends a Login with every TTL, each from a socket of its own, as a
// router's report need not quote enough of a packet to tell them apart. It ends
// when no report that is still missing could change anything: many routers on
// the internet say nothing.
func (m *measurement) measureHops() {
	if !m.canSweep() {
		return
	}
	ctx, settled := context.WithCancel(m.ctx)
	defer settled()
	var mu sync.Mutex
	m.swept.Routers = make([]netip.Addr, sweepTTLs)
	var all sync.WaitGroup
	for ttl := 1; ttl <= sweepTTLs; ttl++ {
		all.Go(func() {
			router, reached := m.tryTTL(ctx, ttl)
			mu.Lock()
			defer mu.Unlock()
			m.swept.Routers[ttl-1] = router
			if reached && (m.swept.Reached == 0 || ttl < m.swept.Reached) {
				m.swept.Reached = ttl
			}
			if m.swept.Settled(m.config.Accept.Observed.Addr()) {
				settled()
			}
		})
	}
	all.Wait()
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
	case m.swept.OpenerTTL(len(m.ownRouters())) == 0:
		m.gaps.add(Hops, NothingBetween)
	}
}

// tryTTL returns the router at which a Login with this TTL died, or whether it
// arrived.
func (m *measurement) tryTTL(ctx context.Context, ttl int) (router netip.Addr, reached bool) {
	s, err := openSpare(ctx, m.config)
	if err != nil {
		return netip.Addr{}, false
	}
	defer s.close()
	if s.limitTTL(ttl) != nil {
		return netip.Addr{}, false
	}
	q := ask(m.config.Server, wire.Change{})
	start := time.Now()
	for attempt := 0; ctx.Err() == nil; attempt++ {
		s.send(q)
		next := m.patience()
		if attempt < len(repeats) {
			next = min(next, repeats[attempt])
		}
		router = s.awaitReport(start.Add(next), q)
		if router.IsValid() || q.answered() || next == m.patience() {
			break
		}
	}
	return router, q.answered()
}

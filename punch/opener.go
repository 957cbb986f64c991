package punch

import "time"

// An opener is a probe with a TTL that passes our own NATs and dies before the
// peer's router: it opens the way in without knocking at the other's closed
// door. Routers that answer or punish unsolicited packets, and Linux routers
// that note them in their connection table and then give the inside host
// another port, never see it. (The idea is frp's and gonc's; measuring the TTL
// is ours.)

// earlyBy is the least time before the agreed instant that makes an early
// opener worth its packet.
const earlyBy = 5 * time.Millisecond

// openEarly opens our router for the peer as soon as we are introduced, when
// there is time until both fire: then a peer that fires too early does not find
// it closed.
func (e *Engine) openEarly(now time.Time) {
	s := &e.search
	if s.in.OpenerTTL == 0 || !s.target.IsValid() || s.in.FireAt.Sub(now) < earlyBy {
		return
	}
	e.open(now, byMain(s.target), s.in.OpenerTTL)
}

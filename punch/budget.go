package punch

import (
	"time"

	"peerd/wire"
)

const (
	// budgetBurst is what the volleys of one introduction may cost: a full one at
	// every candidate, and a probe for each endpoint the peer was seen at.
	budgetBurst = len(volleyOffsets)*wire.MaxCandidates + maxReflexive
	// budgetPerSecond refills it. It covers the retries on a path in doubt (one
	// each retryInterval) and nothing like a flood: a peer that probes us from
	// ever new endpoints gets this many triggered checks and no more.
	budgetPerSecond = 8
)

// budget is the token bucket that volleys, triggered checks and heartbeats are
// paid from, so that nothing the peer or the rendezvous says makes this session
// a source of floods. Strategies have bounds of their own: a number of probes
// each, and floodSpacing between those of hundreds. The Governor bounds the sum.
type budget struct {
	tokens  float64 // at most budgetBurst
	updated time.Time
	// heldBack counts what was not paid for.
	heldBack int
}

func newBudget() budget { return budget{tokens: float64(budgetBurst)} }

// take pays for one probe, or reports that the budget is spent.
func (b *budget) take(now time.Time) bool {
	if !b.updated.IsZero() {
		b.tokens = min(b.tokens+now.Sub(b.updated).Seconds()*budgetPerSecond, float64(budgetBurst))
	}
	b.updated = now
	if b.tokens < 1 {
		b.heldBack++
		return false
	}
	b.tokens--
	return true
}

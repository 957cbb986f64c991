package rendezvous

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"peerd/internal/offload"
	"peerd/wire"
)

// quota is what one key may cost the server. It belongs to the key, not to the
// connection: logging in again does not refill it. Safe for concurrent use.
type quota struct {
	talks *rate.Limiter // one token per Talk
	asks  *rate.Limiter // one token per frame that is neither relayed nor an answer
	// changes has one token per change of the roster that everybody is told of:
	// logins and prekeys.
	changes *rate.Limiter
	relay   *rate.Limiter // one token per relayed byte, envelopes included
}

// newQuota returns a full quota that relays relayRate bytes per second.
func newQuota(relayRate int) *quota {
	burst := max(offload.BufferSize, wire.MaxSealed, min(relayRate, relayBurst))
	return &quota{
		talks:   rate.NewLimiter(talkRate, talkBurst),
		asks:    rate.NewLimiter(askRate, askBurst),
		changes: rate.NewLimiter(changeRate, changeBurst),
		relay:   rate.NewLimiter(rate.Limit(relayRate), burst),
	}
}

func (q *quota) allowTalk(now time.Time) bool             { return q.talks.AllowN(now, 1) }
func (q *quota) allowLogin(now time.Time) bool            { return q.changes.AllowN(now, 1) }
func (q *quota) allowRelay(now time.Time, bytes int) bool { return q.relay.AllowN(now, bytes) }

// pause is how long the sender of a frame must wait before it is dealt with. Who is
// within its rates does not wait.
func (q *quota) pause(kind wire.Kind, now time.Time) time.Duration {
	switch kind {
	case wire.KindRelay, wire.KindPong:
		return 0 // bounded by bytes, and by how often we ask
	case wire.KindPrekey:
		return max(q.asks.ReserveN(now, 1).DelayFrom(now), q.changes.ReserveN(now, 1).DelayFrom(now))
	}
	return q.asks.ReserveN(now, 1).DelayFrom(now)
}

// quotas holds the quota of every member that has come since the start, those too that
// were removed: a way back in is no way to a full quota. Safe for concurrent use.
type quotas struct {
	relayRate int // bytes per second

	mu    sync.Mutex
	byKey map[wire.Key]*quota
}

func newQuotas(relayRate int) *quotas {
	return &quotas{relayRate: relayRate, byKey: map[wire.Key]*quota{}}
}

func (q *quotas) of(key wire.Key) *quota {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.byKey[key]
	if own == nil {
		own = newQuota(q.relayRate)
		q.byKey[key] = own
	}
	return own
}

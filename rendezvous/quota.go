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
	relay *rate.Limiter // one token per relayed byte, envelopes included
}

// newQuota returns a full quota that relays relayRate bytes per second.
func newQuota(relayRate int) *quota {
	burst := max(offload.BufferSize, wire.MaxSealed, min(relayRate, relayBurst))
	return &quota{
		talks: rate.NewLimiter(talkRate, talkBurst),
		relay: rate.NewLimiter(rate.Limit(relayRate), burst),
	}
}

func (q *quota) allowTalk(now time.Time) bool             { return q.talks.AllowN(now, 1) }
func (q *quota) allowRelay(now time.Time, bytes int) bool { return q.relay.AllowN(now, bytes) }

// quotas holds the quota of every key that has logged in since the start: not
// more than there are members. Safe for concurrent use.
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

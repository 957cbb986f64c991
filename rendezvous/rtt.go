package rendezvous

import "time"

// roundTrip measures one control connection by ping and pong. The zero value
// knows nothing. It is not safe for concurrent use.
type roundTrip struct {
	nonce    uint64    // of the ping in flight; 0 = none
	sentAt   time.Time // of the ping in flight
	last     time.Duration
	smoothed time.Duration
}

// ping notes that a ping leaves now and returns its nonce. An unanswered one
// before it is given up.
func (r *roundTrip) ping(nonce uint64, now time.Time) { r.nonce, r.sentAt = nonce, now }

// pong notes the answer. A pong to no ping of ours is ignored.
func (r *roundTrip) pong(nonce uint64, now time.Time) {
	if nonce == 0 || nonce != r.nonce {
		return
	}
	r.nonce = 0
	r.last = now.Sub(r.sentAt)
	if r.smoothed == 0 {
		r.smoothed = r.last
		return
	}
	r.smoothed += (r.last - r.smoothed) / 8 // RFC 6298 section 2.3, alpha 1/8
}

// estimate returns the round trip to plan with, 0 when unknown. Queues only
// ever add to a sample, so the smaller of the two is the better guess.
func (r *roundTrip) estimate() time.Duration { return min(r.last, r.smoothed) }

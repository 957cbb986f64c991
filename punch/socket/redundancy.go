package socket

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Where many packets get lost, QUIC takes it for congestion: it ends up sending
// two packets and waiting, longer each time. So each packet of such a session is
// sent several times, and QUIC sees the loss of all copies only. That costs the
// network little, as there is hardly anything left to copy, and no more than a
// telephone call: see copyRate.
const (
	// tolerableLoss is the share of lost packets that QUIC copes with. Lower, and
	// links that are merely congested are sent more.
	tolerableLoss = 0.1
	// mostCopies is how often a packet is sent at most: what is lost more often
	// than not is a dead path.
	mostCopies = 3
	// copyRate is how many copies beside the first a session sends per second, and
	// copyBurst how many at once. More would be felt by others on the same link;
	// less, and a hundred short messages take long.
	copyRate  = 200
	copyBurst = 64
	// lossWindow is how many packets a measurement of loss takes. Fewer, and chance
	// decides.
	lossWindow = 32
)

// A LossMeter counts the packets of a QUIC connection since its beginning: those
// sent, and those of them that got lost. It is called when packets are about to be
// sent, must not block, and may go back.
type LossMeter func() (sent, lost uint64)

// redundancy decides how often a session sends each packet. The zero value sends
// them once.
type redundancy struct {
	copies atomic.Int32 // 0 as 1

	mu         sync.Mutex // guards what follows
	meter      LossMeter
	sent, lost uint64 // when the window began
	tokens     float64
	filledAt   time.Time
}

// MeasureLoss says how to know what gets lost of a connection that begins. A new
// one begins with what was learned from the one before.
func (x *Session) MeasureLoss(meter LossMeter) {
	r := &x.redundancy
	r.mu.Lock()
	defer r.mu.Unlock()
	r.meter = meter
	r.sent, r.lost = meter()
}

// measure looks at the meter, and draws the conclusion when a window is full.
func (r *redundancy) measure() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.meter == nil {
		return
	}
	sent, lost := r.meter()
	if sent < r.sent+lossWindow {
		return
	}
	share := 0.0
	if lost > r.lost {
		share = min(1, float64(lost-r.lost)/float64(sent-r.sent))
	}
	r.sent, r.lost = sent, lost
	before := max(1, r.copies.Load())
	r.copies.Store(max(copiesAgainst(share, before), before-1))
}

// copiesAgainst returns how often each packet has to be sent so that a tolerable
// share is lost altogether, when so many were sent copies times and all copies
// lost.
func copiesAgainst(lost float64, copies int32) (wanted int32) {
	single := math.Pow(lost, 1/float64(copies))
	wanted = 1
	for remaining := single; remaining > tolerableLoss && wanted < mostCopies; remaining *= single {
		wanted++
	}
	return wanted
}

// further returns how many copies of so many packets are to be sent beside the
// first.
func (r *redundancy) further(packets int, now time.Time) int {
	copies := int(r.copies.Load()) - 1
	if copies <= 0 {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokens = min(copyBurst, r.tokens+copyRate*now.Sub(r.filledAt).Seconds())
	r.filledAt = now
	if cost := float64(copies * packets); r.tokens >= cost {
		r.tokens -= cost
		return copies
	}
	return 0
}

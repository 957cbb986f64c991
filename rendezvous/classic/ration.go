package classic

import (
	"hash/maphash"
	"net/netip"
	"time"
)

// ration bounds how often one address may have something, in memory of fixed
// size (see rationSlots). Not safe for concurrent use.
type ration struct {
	rate, burst float64 // tokens per second, tokens at once
	seed        maphash.Seed
	slots       []bucket
}

// bucket is the token bucket of the addresses that hash to one slot. Its zero
// value is full.
type bucket struct {
	spent float64 // tokens missing from a full bucket
	at    time.Time
}

func newRation(rate, burst float64) *ration {
	return &ration{rate: rate, burst: burst, seed: maphash.MakeSeed(), slots: make([]bucket, rationSlots)}
}

// take reports whether address may have one more now, and takes a token for it.
func (r *ration) take(address netip.Addr, now time.Time) bool {
	b := r.bucket(address)
	refilled := max(0, now.Sub(b.at).Seconds()*r.rate)
	b.spent, b.at = max(0, b.spent-refilled), now
	if b.spent+1 > r.burst {
		return false
	}
	b.spent++
	return true
}

func (r *ration) bucket(address netip.Addr) *bucket {
	return &r.slots[maphash.Comparable(r.seed, address)%uint64(len(r.slots))]
}

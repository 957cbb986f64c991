// Package ration bounds how often each source of a flood may have something, in
// memory of fixed size however many sources are forged. It serves what answers
// strangers: the rendezvous and its classic door.
//
// It is not a limit for members, whose state is kept anyway: see
// golang.org/x/time/rate.
package ration

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// slots is how many token buckets there are: 96 KiB. Sources that share a slot
// share its tokens; a keyed hash chooses the slot, so nobody can aim. Fewer have
// a flood from many sources lock out more honest ones; more cost memory.
const slots = 4096

// A Ration gives each source tokens at a rate. It is safe for concurrent use.
type Ration struct {
	rate, burst float32 // tokens per second, tokens at once
	seed        maphash.Seed
	buckets     []bucket
}

// bucket is the token bucket of the sources that hash to one slot. Its zero
// value is full.
type bucket struct {
	mu    sync.Mutex
	spent float32 // tokens missing from a full bucket
	at    int64   // unix nanoseconds of the last change of spent
}

// New returns a Ration that gives every source rate tokens per second, and at
// most burst at once.
func New(rate, burst float32) *Ration {
	return &Ration{rate: rate, burst: burst, seed: maphash.MakeSeed(), buckets: make([]bucket, slots)}
}

// Take reports whether source may have one more now, and takes a token for it.
// A clock that steps back neither grants nor blocks.
func (r *Ration) Take(source netip.Prefix, now time.Time) bool {
	return r.take(source, now, 1)
}

// Has reports whether source has a token left, and takes none: for what is counted
// only once it has gone wrong.
func (r *Ration) Has(source netip.Prefix, now time.Time) bool {
	return r.take(source, now, 0)
}

// take takes tokens if there is at least one.
func (r *Ration) take(source netip.Prefix, now time.Time, tokens float32) bool {
	b := r.bucket(source)
	b.mu.Lock()
	defer b.mu.Unlock()
	at := now.UnixNano()
	refilled := float32(at-b.at) / float32(time.Second) * r.rate
	b.spent = max(0, b.spent-max(0, refilled))
	b.at = at
	if b.spent+1 > r.burst {
		return false
	}
	b.spent += tokens
	return true
}

func (r *Ration) bucket(source netip.Prefix) *bucket {
	return &r.buckets[maphash.Comparable(r.seed, source)%uint64(len(r.buckets))]
}

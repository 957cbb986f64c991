package rendezvous

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// bindingLimit rations answers to plain STUN clients per source prefix, in
// memory of fixed size (see bindingSlots). It is safe for concurrent use.
type bindingLimit struct {
	seed  maphash.Seed
	slots []bindingBucket
}

// bindingBucket is the token bucket of the prefixes that hash to one slot.
// Its zero value is full.
type bindingBucket struct {
	mu    sync.Mutex
	spent float32 // tokens missing from a full bucket
	at    int64   // unix nanoseconds of the last change of spent
}

func newBindingLimit() *bindingLimit {
	return &bindingLimit{seed: maphash.MakeSeed(), slots: make([]bindingBucket, bindingSlots)}
}

// allow reports whether source may have an answer now, and takes a token for it.
func (l *bindingLimit) allow(source netip.Addr, now time.Time) bool {
	slot := maphash.Comparable(l.seed, prefixOf(source, 24, 48)) % uint64(len(l.slots))
	return l.slots[slot].take(now.UnixNano())
}

func (b *bindingBucket) take(now int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	refilled := float32(now-b.at) / float32(time.Second) * bindingRate
	b.spent = max(0, b.spent-max(0, refilled))
	b.at = now
	if b.spent+1 > bindingBurst {
		return false
	}
	b.spent++
	return true
}

// prefixOf returns the network that source is counted under.
func prefixOf(source netip.Addr, bits4, bits6 int) netip.Prefix {
	source = source.Unmap().WithZone("")
	bits := bits6
	if source.Is4() {
		bits = bits4
	}
	prefix, _ := source.Prefix(bits) // only fails for more bits than there are
	return prefix
}

package rendezvous

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
	"unsafe"
)

func TestBindingLimit(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	drain := func(l *bindingLimit, source string, now time.Time) (allowed int) {
		for l.allow(netip.MustParseAddr(source), now) {
			allowed++
		}
		return allowed
	}
	t.Run("a burst, then the rate", func(t *testing.T) {
		l := newBindingLimit()
		if got := drain(l, "192.0.2.1", start); got != bindingBurst {
			t.Errorf("burst of %d, want %d", got, bindingBurst)
		}
		if got := drain(l, "192.0.2.1", start.Add(time.Second)); got != bindingRate {
			t.Errorf("%d a second later, want %d", got, bindingRate)
		}
	})
	t.Run("neighbours share a prefix", func(t *testing.T) {
		l := newBindingLimit()
		drain(l, "192.0.2.1", start)
		drain(l, "2001:db8:1::1", start)
		if drain(l, "192.0.2.200", start) != 0 || drain(l, "2001:db8:1:ffff::1", start) != 0 {
			t.Error("another address of the same /24 or /48 got more")
		}
	})
	t.Run("a clock that steps back neither grants nor blocks", func(t *testing.T) {
		l := newBindingLimit()
		drain(l, "192.0.2.1", start)
		if got := drain(l, "192.0.2.1", start.Add(-time.Hour)); got != 0 {
			t.Errorf("%d granted", got)
		}
	})
}

// A million forged sources must not cost memory, and must not lock out more
// than the prefixes that share their slots.
func TestBindingLimitIsOfFixedSize(t *testing.T) {
	l, now := newBindingLimit(), time.Unix(1_800_000_000, 0)
	if size := len(l.slots) * int(unsafe.Sizeof(bindingBucket{})); size > 128<<10 {
		t.Errorf("the table takes %d bytes", size)
	}
	var source [4]byte
	next := uint32(0)
	allocated := testing.AllocsPerRun(1_000_000, func() {
		next += 1 << 8
		binary.BigEndian.PutUint32(source[:], next)
		l.allow(netip.AddrFrom4(source), now)
	})
	if allocated != 0 {
		t.Errorf("%v allocations per source", allocated)
	}
}

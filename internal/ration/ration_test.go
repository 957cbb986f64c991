package ration

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
	"unsafe"
)

var start = time.Unix(1_800_000_000, 0)

// taken is how many of ten wishes are granted.
func (r *Ration) taken(source netip.Prefix, now time.Time) (n int) {
	for range 10 {
		if r.Take(source, now) {
			n++
		}
	}
	return n
}

func TestRationIsEachSourcesOwn(t *testing.T) {
	r := New(2, 3)
	flooder := netip.MustParsePrefix("198.51.100.1/32")
	honest := netip.PrefixFrom(flooder.Addr().Next(), 32)
	for r.bucket(honest) == r.bucket(flooder) { // those share, once in 4096
		honest = netip.PrefixFrom(honest.Addr().Next(), 32)
	}
	for _, c := range []struct {
		name   string
		source netip.Prefix
		at     time.Duration
		want   int
	}{
		{"the burst", flooder, 0, 3},
		{"what comes back in a second", flooder, time.Second, 2},
		{"never more than the burst", flooder, time.Hour, 3},
		{"and somebody else's", honest, time.Hour, 3},
		{"a clock that steps back grants nothing", flooder, -time.Hour, 0},
	} {
		if got := r.taken(c.source, start.Add(c.at)); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Who only looks pays nothing; who has spent everything has nothing.
func TestLookingTakesNothing(t *testing.T) {
	r := New(2, 3)
	source := netip.MustParsePrefix("198.51.100.1/32")
	for range 10 {
		if !r.Has(source, start) {
			t.Fatal("looking has taken a token")
		}
	}
	if got := r.taken(source, start); got != 3 || r.Has(source, start) {
		t.Errorf("%d taken of 3, more left: %v", got, r.Has(source, start))
	}
	if !r.Has(source, start.Add(time.Second)) {
		t.Error("nothing has come back in a second")
	}
}

// A million forged sources must not cost memory, and must not lock out more
// than those that share their slots.
func TestRationIsOfFixedSize(t *testing.T) {
	r := New(20, 50)
	if size := len(r.buckets) * int(unsafe.Sizeof(bucket{})); size > 128<<10 {
		t.Errorf("the table takes %d bytes", size)
	}
	var source [4]byte
	next := uint32(0)
	allocated := testing.AllocsPerRun(1_000_000, func() {
		next += 1 << 8
		binary.BigEndian.PutUint32(source[:], next)
		r.Take(netip.PrefixFrom(netip.AddrFrom4(source), 24), start)
	})
	if allocated != 0 {
		t.Errorf("%v allocations per source", allocated)
	}
}

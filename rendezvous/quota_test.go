package rendezvous

import (
	"testing"
	"time"

	"peerd/wire"
)

func TestT12RelayQuotaStopsWithinFivePercent(t *testing.T) {
	const rate, seconds, datagram = 1_000_000, 60, 1200
	q := newQuota(rate)
	now := time.Unix(1_800_000_000, 0)
	passed := 0
	for end := now.Add(seconds * time.Second); now.Before(end); now = now.Add(100 * time.Microsecond) {
		if q.allowRelay(now, datagram) { // 12 MB/s are offered
			passed += datagram
		}
	}
	want := rate * (seconds + 1) // the burst is one second's worth
	if passed < want*95/100 || passed > want*105/100 {
		t.Errorf("%d bytes passed in %d s, want %d within 5 %%", passed, seconds, want)
	}
}

func TestT12QuotaBelongsToTheKey(t *testing.T) {
	q := newQuotas(1)
	now := time.Unix(1_800_000_000, 0)
	for q.of(wire.Key{1}).allowTalk(now) {
		continue
	}
	if q.of(wire.Key{1}).allowTalk(now) {
		t.Error("a second login of the key starts with a full quota")
	}
	if !q.of(wire.Key{2}).allowTalk(now) {
		t.Error("another key pays for the first")
	}
}

// forget gives key a full quota.
func (q *quotas) forget(key wire.Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.byKey, key)
}

func TestLargestEnvelopeFitsTheSmallestQuota(t *testing.T) {
	if !newQuota(1).allowRelay(time.Unix(1_800_000_000, 0), wire.MaxSealed) {
		t.Error("it would never be forwarded")
	}
}

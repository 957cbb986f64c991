package punch

import (
	"time"

	"peerd/wire"
)

// transactionLifetime is how long a reply to a probe is waited for. A path
// slower than this cannot be proven.
const transactionLifetime = 5 * time.Second

// transactions remembers the probes that may still be answered.
type transactions struct {
	draws *draws
	open  map[wire.TransactionID]sentProbe
	// expired is when the map was last cleared of old ones.
	expired time.Time
}

type sentProbe struct {
	route
	at   time.Time
	full bool
}

func newTransactions(draws *draws) transactions {
	return transactions{draws: draws, open: make(map[wire.TransactionID]sentProbe)}
}

// begin returns the id for a new probe.
func (t *transactions) begin(way route, full bool, now time.Time) wire.TransactionID {
	t.expire(now)
	id := wire.TransactionID(t.draws.next()[:len(wire.TransactionID{})])
	t.open[id] = sentProbe{route: way, at: now, full: full}
	return id
}

// end returns the probe that a reply with this id on this route answers, once.
// A copy of the reply from elsewhere is nothing, and must not cost the
// true one its probe.
func (t *transactions) end(id wire.TransactionID, way route) (sentProbe, bool) {
	sent, ok := t.open[id]
	if !ok || sent.route != way {
		return sentProbe{}, false
	}
	delete(t.open, id)
	return sent, true
}

// forget makes replies to what was sent so far count for nothing.
func (t *transactions) forget() { clear(t.open) }

func (t *transactions) expire(now time.Time) {
	if now.Sub(t.expired) < transactionLifetime/4 {
		return
	}
	t.expired = now
	for id, sent := range t.open {
		if now.Sub(sent.at) > transactionLifetime {
			delete(t.open, id)
		}
	}
}

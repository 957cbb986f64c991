package punch

import (
	"testing"
	"time"
)

// forget loses everything a router knows, as a reboot does.
func (r *router) forget() {
	clear(r.ports)
	clear(r.owners)
	clear(r.allowed)
}

// TestPairMeetsAgainWithoutTheRendezvous asserts the bar: both routers forget the
// pair while there is no rendezvous, and it is direct again within 60 s, though
// the two have noticed at different times and their clocks differ.
func TestPairMeetsAgainWithoutTheRendezvous(t *testing.T) {
	for seed := range uint64(50) {
		w := newWorld(seed, [2]kind{usual, usual})
		w.introduce(0, nil, 0)
		w.run(epoch.Add(time.Duration(seed+1) * time.Second))
		w.rendezvous, w.relayUp = false, false
		for _, h := range w.homes {
			h.router.forget()
		}
		w.blocked = true
		w.chatter(0)
		w.run(w.now.Add(30 * time.Second)) // both have lost the path by now
		w.blocked = false
		w.run(w.now.Add(60 * time.Second))
		for i, h := range w.homes {
			if !h.engine.Path().IsDirect() {
				t.Errorf("seed %d: peer %d has found no path after 60 s", seed, i)
			}
		}
	}
}

// TestPairMeetsAgainAfterHours proves that it does not matter how long, within a
// day, nothing got through.
func TestPairMeetsAgainAfterHours(t *testing.T) {
	for _, lasting := range []time.Duration{time.Hour, 3 * time.Hour, 23 * time.Hour} {
		w := newWorld(1, [2]kind{usual, usual})
		w.introduce(0, nil, 0)
		w.run(epoch.Add(time.Second))
		w.rendezvous, w.relayUp, w.blocked = false, false, true
		for _, h := range w.homes {
			h.router.forget()
		}
		w.run(w.now.Add(lasting + 17*time.Second))
		w.blocked = false
		w.run(w.now.Add(65 * time.Second))
		for i, h := range w.homes {
			if !h.engine.Path().IsDirect() {
				t.Errorf("after %v: peer %d has found no path within 65 s", lasting, i)
			}
		}
	}
}

// TestReunionGrowsRare proves that a pair whose rendezvous stays away sends ever
// fewer volleys.
func TestReunionGrowsRare(t *testing.T) {
	w := newWorld(1, [2]kind{usual, usual})
	w.introduce(0, nil, 0)
	w.run(epoch.Add(time.Second))
	w.rendezvous, w.relayUp, w.blocked = false, false, true
	var sent []int
	for _, lasting := range []time.Duration{10 * time.Minute, 24 * time.Hour, 24 * time.Hour} {
		before := w.homes[0].sent
		w.run(w.now.Add(lasting))
		sent = append(sent, int(float64(w.homes[0].sent-before)/lasting.Hours()))
	}
	t.Logf("packets an hour: %v", sent)
	if sent[0] > 4*60*8 || sent[1] > 2*60*8 || sent[2] > 6*8*3 {
		t.Errorf("packets an hour are %v: they do not get rarer as they should", sent)
	}
}

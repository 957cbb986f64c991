package punch

import (
	"testing"
	"time"
)

// busyPair is a pair with a direct path and data every 100 ms both ways.
func busyPair(seed uint64) *world {
	w := newWorld(seed, [2]kind{usual, usual})
	w.introduce(0, nil, 0)
	for i := range w.homes {
		w.busy(i)
	}
	w.run(epoch.Add(15 * time.Second))
	return w
}

// busy has application data go out ten times a second.
func (w *world) busy(i int) {
	w.step(i, Sent{})
	w.after(100*time.Millisecond, func() { w.busy(i) })
}

// TestLossyPathLosesToTheRelay proves the choice by loss: a direct path that
// loses a fifth each way is left for a relay that loses nothing, and taken again
// once it has healed.
func TestLossyPathLosesToTheRelay(t *testing.T) {
	for seed := range uint64(50) {
		w := busyPair(seed)
		w.loss = 0.2
		w.run(w.now.Add(20 * time.Second))
		for i, h := range w.homes {
			if !h.engine.Path().Lossy {
				t.Errorf("seed %d: peer %d still uses %v after 20 s of loss", seed, i, h.engine.Path())
			}
		}
		w.loss = 0
		w.run(w.now.Add(30 * time.Second))
		for i, h := range w.homes {
			if !h.engine.Path().IsDirect() {
				t.Errorf("seed %d: peer %d still uses %+v, 30 s after the path healed", seed, i, h.engine.Path())
			}
		}
	}
}

// TestNoChoiceByLossAgainstAWorseRelay proves that a relay that loses as much is
// no way out, and that one that is gone is none at all.
func TestNoChoiceByLossAgainstAWorseRelay(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"lossy relay": func(w *world) { w.relayLoss = 0.2 },
		"no relay":    func(w *world) { w.relayUp = false },
	} {
		t.Run(name, func(t *testing.T) {
			w := busyPair(1)
			w.loss = 0.2
			spoil(w)
			for range 60 {
				w.run(w.now.Add(time.Second))
				for i, h := range w.homes {
					if h.engine.Path().Lossy {
						t.Fatalf("peer %d avoids the direct path %v after %v", i, h.engine.Path(), w.now.Sub(epoch))
					}
				}
			}
		})
	}
}

// TestNoFlapping asserts the bar: on a link of steady loss, whatever it is, the
// choice changes at most once in ten seconds, and in fact ever more seldom.
func TestNoFlapping(t *testing.T) {
	const lasting = 5 * time.Minute
	for _, loss := range []float64{0.02, 0.05, 0.1, 0.2} {
		w := busyPair(7)
		w.loss = loss
		changes, avoided := 0, false
		for end := w.now.Add(lasting); w.now.Before(end); w.run(w.now.Add(100 * time.Millisecond)) {
			if lossy := w.homes[0].engine.Path().Lossy; lossy != avoided {
				changes++
				avoided = lossy
			}
		}
		t.Logf("%.0f %% lost: %d changes in %v", loss*100, changes, lasting)
		if most := int(lasting / dwell / 3); changes > most {
			t.Errorf("%.0f %% lost: %d changes in %v, want at most %d", loss*100, changes, lasting, most)
		}
	}
}

// TestIdlePathProbesNoRelay proves that the comparison costs nothing without data.
func TestIdlePathProbesNoRelay(t *testing.T) {
	w := newWorld(1, [2]kind{usual, usual})
	w.loss = 0.1
	w.introduce(0, nil, 0)
	w.run(epoch.Add(10 * time.Minute))
	for i, h := range w.homes {
		if at := h.engine.quality.probedRelay; !at.IsZero() {
			t.Errorf("peer %d probed the relay at %v", i, at.Sub(epoch))
		}
	}
}

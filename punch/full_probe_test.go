package punch

import (
	"testing"
	"time"

	"peerd/wire"
)

// narrow is a black hole that swallows what is larger than a small probe.
const narrow = 1000

// TestBlackHoleIsLeftForTheRelay asserts the bar: a path that comes to swallow
// full packets is left within 5 s, though it answers small probes, and is not
// taken again before it has healed.
func TestBlackHoleIsLeftForTheRelay(t *testing.T) {
	for name, swallows := range map[string][2]int{
		"both ways":     {narrow, narrow},
		"from 0 to 1":   {narrow, 0},
		"from 1 to 0":   {0, narrow},
		"small as dust": {1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := busyPair(1)
			w.swallows = swallows
			w.run(w.now.Add(3 * time.Second))
			before := [2]int{w.homes[0].switches, w.homes[1].switches}
			w.run(w.now.Add(time.Minute))
			for i, h := range w.homes {
				if direct := h.engine.Path().IsDirect(); direct != (swallows[i] == 0) {
					t.Errorf("peer %d: direct is %v", i, direct)
				}
				if h.switches != before[i] {
					t.Errorf("peer %d changed its path %d times after it had left the black hole", i, h.switches-before[i])
				}
			}
			w.swallows = [2]int{}
			w.run(w.now.Add(6 * time.Minute)) // the longest pause between two attempts
			for i, h := range w.homes {
				if !h.engine.Path().IsDirect() {
					t.Errorf("peer %d has not come back to the healed path", i)
				}
			}
		})
	}
}

// TestBlackHoleIsLeftWhateverTheStrategy proves that the path is not taken again
// by another door: the strategies against hard routers find new ports each time.
func TestBlackHoleIsLeftWhateverTheStrategy(t *testing.T) {
	for name, kinds := range map[string][2]kind{
		"random x easy":     {apdm(wire.AllocationRandom), usual},
		"sequential x easy": {apdm(wire.AllocationSequential), usual},
		"block x block":     {block(64), block(64)},
		"strike x clash":    {usual.striking(), usual.clashing()},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1, kinds)
			w.introduce(0, nil, 0)
			for i := range w.homes {
				w.busy(i)
			}
			w.run(epoch.Add(15 * time.Second))
			if !w.homes[0].engine.Path().IsDirect() || !w.homes[1].engine.Path().IsDirect() {
				t.Fatal("there is no direct path to begin with")
			}
			w.swallows = [2]int{narrow, narrow}
			w.run(w.now.Add(3 * time.Second))
			before := [2]int{w.homes[0].switches, w.homes[1].switches}
			w.run(w.now.Add(3 * time.Minute))
			for i, h := range w.homes {
				if h.engine.Path().IsDirect() || h.switches != before[i] {
					t.Errorf("peer %d changed its path %d times, and uses %+v", i, h.switches-before[i], h.engine.Path())
				}
			}
		})
	}
}

// TestBlackHoleFromTheBeginning proves that a first path which carries nothing
// is found out with the first data.
func TestBlackHoleFromTheBeginning(t *testing.T) {
	w := newWorld(1, [2]kind{usual, usual})
	w.swallows = [2]int{narrow, narrow}
	w.introduce(0, nil, 0)
	for i := range w.homes {
		w.busy(i)
	}
	w.run(epoch.Add(700 * time.Millisecond))
	for i, h := range w.homes {
		if path := h.engine.Path(); path.IsDirect() && !path.Doubtful {
			t.Errorf("peer %d still trusts %v after 700 ms", i, path.Direct)
		}
	}
	w.run(epoch.Add(time.Minute))
	for i, h := range w.homes {
		if h.engine.Path().IsDirect() || h.switches > 3 {
			t.Errorf("peer %d uses %v after %d changes", i, h.engine.Path(), h.switches)
		}
	}
}

// TestDeadPathComesBackInTwoRoundTrips proves what caution costs: one round trip
// after the introduction, which comes 50 ms after the path was given up.
func TestDeadPathComesBackInTwoRoundTrips(t *testing.T) {
	w := busyPair(1)
	w.blocked = true
	for w.homes[0].engine.Path().IsDirect() {
		w.run(w.now.Add(10 * time.Millisecond))
	}
	w.blocked = false
	w.run(w.now.Add(50*time.Millisecond + 2*2*w.delay + 10*time.Millisecond))
	for i, h := range w.homes {
		if !h.engine.Path().IsDirect() {
			t.Errorf("peer %d is not direct", i)
		}
	}
}

// TestIdlePathsHaveSmallProbes proves that keepalives stay cheap.
func TestIdlePathsHaveSmallProbes(t *testing.T) {
	w := newWorld(1, [2]kind{usual, usual})
	w.swallows = [2]int{narrow, narrow} // full ones would be missed
	w.introduce(0, nil, 0)
	w.run(epoch.Add(10 * time.Minute))
	for i, h := range w.homes {
		if path := h.engine.Path(); !path.IsDirect() || path.Doubtful {
			t.Errorf("peer %d uses %+v", i, path)
		}
	}
}

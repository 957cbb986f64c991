package punch

import (
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

// usual is the common home router.
var usual = eim(wire.FilteringAPDF)

func TestSimultaneousFireProvesThePathInOneRoundTrip(t *testing.T) {
	w := newWorld(1, [2]kind{usual, usual})
	w.introduce(0, nil, 0)
	w.run(epoch.Add(time.Second))
	for i, h := range w.homes {
		if got := h.provenAt.Sub(epoch); got != 80*time.Millisecond {
			t.Errorf("peer %d has a proven path after %v, want exactly one RTT, 80ms", i, got)
		}
	}
}

func TestUnevenFireStillWorks(t *testing.T) {
	for _, skew := range []time.Duration{5, 39, 41, 150, 900} {
		skew *= time.Millisecond
		w := newWorld(1, [2]kind{usual, usual})
		w.introduce(0, nil, skew)
		w.run(epoch.Add(5 * time.Second))
		for i, h := range w.homes {
			if h.provenAt.IsZero() || h.provenAt.Sub(epoch) > skew+120*time.Millisecond {
				t.Errorf("skew %v: peer %d has a proven path after %v, want at most one and a half RTTs after the later shot", skew, i, h.provenAt.Sub(epoch))
			}
		}
	}
}

// TestEveryPairOfRouters plays the strategies against every pair of kinds that
// can be passed, many times, and asserts how often and how fast: from the first
// introduction, which is 50 ms after the first message is sent.
func TestEveryPairOfRouters(t *testing.T) {
	sequential, random := apdm(wire.AllocationSequential), apdm(wire.AllocationRandom)
	addressDependent := random
	addressDependent.report.Mapping = wire.MappingADM
	stepping := sequential
	stepping.step = 2
	tests := []struct {
		name    string
		kinds   [2]kind
		traffic float64 // flows a second on routers that count
		least   float64 // share of direct paths
		median  time.Duration
		flows   int // on both routers
	}{
		{"easy x easy", [2]kind{usual, usual}, 0, 1, 80 * time.Millisecond, 4},
		{"easy x clash", [2]kind{usual, usual.clashing()}, 0, 1, 200 * time.Millisecond, 8},
		{"strike x strike", [2]kind{usual.striking(), usual.striking()}, 0, 1, 200 * time.Millisecond, 8},
		{"sequential x easy", [2]kind{sequential, usual}, 0, .99, 250 * time.Millisecond, 20},
		{"easy x sequential", [2]kind{usual, sequential}, 20, .99, 250 * time.Millisecond, 20},
		{"step 2 x strike", [2]kind{stepping, usual.striking()}, 20, .99, 250 * time.Millisecond, 20},
		{"clash x sequential", [2]kind{usual.clashing(), sequential}, 20, .99, 250 * time.Millisecond, 20},
		{"sequential x sequential", [2]kind{sequential, stepping}, 20, .95, time.Second, 300},
		{"random x easy", [2]kind{random, usual}, 0, .98, 1500 * time.Millisecond, 1300},
		{"easy x random", [2]kind{usual, random}, 0, .98, 1500 * time.Millisecond, 1300},
		{"random x strike", [2]kind{random, usual.striking()}, 0, .98, 1500 * time.Millisecond, 1300},
		{"clash x random", [2]kind{usual.clashing(), random}, 0, .98, 1500 * time.Millisecond, 1300},
		{"random ADM x easy", [2]kind{addressDependent, usual}, 0, .98, 1500 * time.Millisecond, 1300},
		{"undetected ADM x easy", [2]kind{addressDependent.undetected(), usual}, 0, .98, 3 * time.Second, 1310},
		{"clash x undetected ADM", [2]kind{usual.clashing(), addressDependent.undetected()}, 0, .98, 3 * time.Second, 1310},
		{"random x address filter", [2]kind{random, eim(wire.FilteringADF)}, 0, 1, 200 * time.Millisecond, 10},
		{"block x easy", [2]kind{block(1024), usual}, 0, .99, 500 * time.Millisecond, 200},
		{"strike x block", [2]kind{usual.striking(), block(1024)}, 0, .99, 500 * time.Millisecond, 200},
		{"block x block", [2]kind{block(512), block(512)}, 0, .9, 2 * time.Second, 1300},
		{"sequential x block", [2]kind{sequential, block(512)}, 20, .9, 2 * time.Second, 1300},
		{"random x public", [2]kind{random, public()}, 0, 1, 120 * time.Millisecond, 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var times []time.Duration
			flows := 0
			const runs = 100
			for seed := range uint64(runs) {
				w := newWorld(seed, test.kinds)
				for _, h := range w.homes {
					if test.traffic > 0 && h.router.kind.step > 0 {
						w.traffic(h.router, test.traffic)
					}
				}
				w.introduce(int(seed%2), nil, 0)
				w.run(epoch.Add(5 * time.Second))
				if took, ok := w.direct(); ok {
					times = append(times, took)
				}
				flows = max(flows, w.homes[0].router.flows+w.homes[1].router.flows)
			}
			slices.Sort(times)
			if share := float64(len(times)) / runs; share < test.least {
				t.Fatalf("direct in %.0f %% of the runs, want %.0f %%", share*100, test.least*100)
			}
			median := times[len(times)/2]
			t.Logf("direct %d of %d, median %v, worst %v, flows %d", len(times), runs, median, times[len(times)-1], flows)
			if median > test.median {
				t.Errorf("median is %v, want at most %v", median, test.median)
			}
			if flows > test.flows {
				t.Errorf("%d router flows, want at most %d", flows, test.flows)
			}
		})
	}
}

// TestLateIntroductionIsMadeGood proves the way out when one side fires so early
// that the other's router takes its probe amiss: a fresh socket after a conntrack
// clash, patience after a ban.
func TestLateIntroductionIsMadeGood(t *testing.T) {
	for name, test := range map[string]struct {
		kinds [2]kind
		ttl   int
		most  time.Duration
	}{
		"one clash":                     {[2]kind{usual, usual.clashing()}, 2, 2 * time.Second},
		"clash on both sides":           {[2]kind{usual.clashing(), usual.clashing()}, 2, 2 * time.Second},
		"a clash, no TTL measured":      {[2]kind{usual, usual.clashing()}, 0, 2 * time.Second},
		"a ban":                         {[2]kind{usual, usual.striking()}, 2, 32 * time.Second},
		"a clash here and a ban there":  {[2]kind{usual.clashing(), usual.striking()}, 2, 32 * time.Second},
		"one of two is late, both easy": {[2]kind{usual, usual}, 2, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			for _, skew := range []time.Duration{-200, -100, 60, 300} {
				w := newWorld(1, test.kinds)
				w.homes[0].ttl, w.homes[1].ttl = test.ttl, test.ttl
				w.introduceLate(skew * time.Millisecond)
				for i := range w.homes {
					w.chatter(i)
				}
				w.run(epoch.Add(40 * time.Second))
				if took, ok := w.direct(); !ok || took > test.most {
					t.Errorf("skew %v ms: direct %v after %v, want within %v", int(skew), ok, took, test.most)
				}
			}
		})
	}
}

func TestTwoRandomRoutersStayRelayedWithinBudget(t *testing.T) {
	w := newWorld(1, [2]kind{apdm(wire.AllocationRandom), apdm(wire.AllocationRandom)})
	w.introduce(0, nil, 0)
	w.run(epoch.Add(time.Minute))
	for i, h := range w.homes {
		if !h.provenAt.IsZero() {
			t.Errorf("peer %d claims a direct path through two random routers", i)
		}
		if h.sent > len(volleyOffsets) {
			t.Errorf("peer %d sent %d packets to one candidate, want at most a volley of %d", i, h.sent, len(volleyOffsets))
		}
	}
}

// TestLossyLinks asserts the figure of the design: at 20 % loss each way, 99 of
// 100 pairs have a direct path on both sides within a second.
func TestLossyLinks(t *testing.T) {
	const pairs = 1000
	var times []time.Duration
	for seed := range uint64(pairs) {
		w := newWorld(seed, [2]kind{usual, usual})
		w.loss = 0.2
		w.introduce(0, nil, 0)
		w.run(epoch.Add(10 * time.Second))
		slowest := time.Duration(0)
		for _, h := range w.homes {
			if h.provenAt.IsZero() {
				slowest = time.Hour
			} else {
				slowest = max(slowest, h.provenAt.Sub(epoch))
			}
		}
		times = append(times, slowest)
	}
	slices.Sort(times)
	t.Logf("median %v, 99 %% %v, worst %v", times[pairs/2], times[pairs*99/100], times[pairs-1])
	if p99 := times[pairs*99/100]; p99 > time.Second {
		t.Errorf("99th percentile is %v, want at most 1s", p99)
	}
}

// TestIdlePathsStayOpen proves that keepalives on an idle pair come often enough
// for a router that forgets a mapping after 30 s.
func TestIdlePathsStayOpen(t *testing.T) {
	w := newWorld(1, [2]kind{usual, usual})
	w.introduce(0, nil, 0)
	w.run(epoch.Add(10 * time.Second))
	for range 20 {
		before := [2]int{w.homes[0].sent, w.homes[1].sent}
		w.run(w.now.Add(30 * time.Second))
		for i, h := range w.homes {
			if h.sent == before[i] {
				t.Fatalf("peer %d sent nothing for 30 s", i)
			}
			if !h.engine.Path().IsDirect() || h.engine.Path().Doubtful {
				t.Fatalf("peer %d: path is %v on an undisturbed link", i, h.engine.Path())
			}
		}
	}
}

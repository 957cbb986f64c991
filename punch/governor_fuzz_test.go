package punch

import (
	"testing"
	"time"
)

// FuzzGovernor asks for probes and flows in bursts of any size, at any distance in
// time: between any two moments no more get through than a burst and the rate, and
// the memory has its bound.
func FuzzGovernor(f *testing.F) {
	f.Add([]byte{0, 0, 255, 1, 0, 255, 30, 1, 255, 255, 2, 255})
	f.Add([]byte{0, 3, 255, 0, 7, 255, 100, 0, 200, 100, 2, 200, 255, 2, 255})
	f.Add([]byte{1, 2, 9, 1, 2, 9, 1, 2, 9, 9, 6, 255, 0, 4, 255, 255, 0, 255, 255, 0, 255})
	f.Fuzz(func(t *testing.T, script []byte) {
		const longest = 3 * 100
		var g Governor
		start := time.Unix(1000, 0)
		now := start
		var bursts []burst
		for script = script[:min(len(script), longest)]; len(script) >= 3; script = script[3:] {
			now = now.Add(time.Duration(script[0]) * time.Duration(script[0]) * time.Millisecond)
			bursts = append(bursts, burst{now, askGovernor(&g, now, script[1], int(script[2])*8)})
			if len(g.flows) > MaxFlows {
				t.Fatalf("it remembers %d flows", len(g.flows))
			}
		}
		checkRate(t, bursts, ProbeBurst, ProbesPerSecond)
		checkRate(t, bursts, SustainedBurst, SustainedProbes)
	})
}

// A burst is what got through at one moment.
type burst struct {
	at     time.Time
	probes int
}

// askGovernor asks for count datagrams of a kind, and returns how many probes may go.
func askGovernor(g *Governor, now time.Time, kind byte, count int) int {
	return allowed(count, func(i int) Verdict {
		flow := flowTo(i % (1 << (kind >> 4)))
		if kind&1 != 0 {
			flow = flowFrom(kind>>4, i)
		}
		if kind&2 == 0 {
			return g.Probe(now, flow)
		}
		if g.Open(now, flow) == TooManyProbes {
			panic("what is no probe is refused as one")
		}
		return TooManyFlows // it is no probe, and not counted
	})
}

func checkRate(t *testing.T, bursts []burst, most, perSecond int) {
	for i, first := range bursts {
		through := 0
		for _, b := range bursts[i:] {
			through += b.probes
			if limit := float64(most) + b.at.Sub(first.at).Seconds()*float64(perSecond); float64(through) > limit+0.001 {
				t.Fatalf("%d probes within %v, allowed are %.0f", through, b.at.Sub(first.at), limit)
			}
		}
	}
}

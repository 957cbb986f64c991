package punch

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"peerd/wire"
)

var governed = netip.MustParseAddrPort("198.51.100.1:4000")

// flowTo returns the main socket's flow to the i-th of many endpoints.
func flowTo(i int) Flow {
	addr := netip.AddrFrom4([4]byte{198, 51, byte(i >> 24), byte(i >> 16)})
	return Flow{To: netip.AddrPortFrom(addr, uint16(i))}
}

// flowFrom returns the flow from the i-th socket of a session to one endpoint.
func flowFrom(session byte, i int) Flow {
	return Flow{Session: wire.SessionID{session}, Socket: SocketID(i), To: governed}
}

// allowed counts what a governor says in a row.
func allowed(count int, judge func(i int) Verdict) (n int) {
	for i := range count {
		if judge(i) == Allowed {
			n++
		}
	}
	return n
}

func TestTheGovernorHoldsBackProbes(t *testing.T) {
	var g Governor
	now := time.Unix(1000, 0)
	one := flowTo(1)
	probe := func(int) Verdict { return g.Probe(now, one) }
	if n := allowed(10*ProbeBurst, probe); n != ProbeBurst {
		t.Errorf("%d probes at once, want %d", n, ProbeBurst)
	}
	if g.Probe(now, one) != TooManyProbes {
		t.Error("it does not say that it is the rate")
	}
	now = now.Add(100 * time.Millisecond)
	if n := allowed(ProbeBurst, probe); n != ProbesPerSecond/10 {
		t.Errorf("%d more in a tenth of a second, want %d", n, ProbesPerSecond/10)
	}
	now = now.Add(time.Hour)
	if n := allowed(10*ProbeBurst, probe); n != ProbeBurst {
		t.Errorf("%d probes after an hour of rest, want %d", n, ProbeBurst)
	}
}

func TestTheGovernorHoldsBackFlows(t *testing.T) {
	for name, flow := range map[string]func(i int) Flow{
		"one socket, many endpoints":        flowTo,
		"many sockets, one endpoint":        func(i int) Flow { return flowFrom(1, i) },
		"the same sockets of many sessions": func(i int) Flow { return flowFrom(byte(i), i/256) },
	} {
		t.Run(name, func(t *testing.T) {
			var g Governor
			now := time.Unix(1000, 0)
			open := func(i int) Verdict { return g.Open(now, flow(i)) }
			if n := allowed(4*MaxFlows, open); n != MaxFlows {
				t.Errorf("%d flows, want %d", n, MaxFlows)
			}
			if n := allowed(MaxFlows, open); n != MaxFlows {
				t.Errorf("of those that are open %d may be used, want all %d", n, MaxFlows)
			}
			now = now.Add(FlowLifetime)
			if verdict := g.Open(now, flow(MaxFlows)); verdict != TooManyFlows {
				t.Errorf("after %v, while the router remembers, one more: %v", FlowLifetime, verdict)
			}
			now = now.Add(sweepInterval + 1)
			if n := allowed(4*MaxFlows, open); n != MaxFlows {
				t.Errorf("%d flows after the router has forgotten, want %d", n, MaxFlows)
			}
		})
	}
}

// A packet refreshes the router's entry, and so ours.
func TestAFlowInUseStaysOpen(t *testing.T) {
	var g Governor
	now := time.Unix(1000, 0)
	for range 10 {
		g.Open(now, flowTo(1))
		now = now.Add(FlowLifetime - time.Second)
	}
	if n := allowed(4*MaxFlows, func(i int) Verdict { return g.Open(now, flowTo(2+i)) }); n != MaxFlows-1 {
		t.Errorf("%d flows beside the one in use, want %d", n, MaxFlows-1)
	}
}

func TestAProbeWithoutAFlowCostsNothing(t *testing.T) {
	var g Governor
	now := time.Unix(1000, 0)
	allowed(MaxFlows, func(i int) Verdict { return g.Open(now, flowTo(i)) })
	for range ProbeBurst {
		if verdict := g.Probe(now, flowTo(MaxFlows)); verdict != TooManyFlows {
			t.Fatalf("one flow too many: %v", verdict)
		}
	}
	if n := allowed(2*ProbeBurst, func(int) Verdict { return g.Probe(now, flowTo(0)) }); n != ProbeBurst {
		t.Errorf("%d probes on an open flow, want %d", n, ProbeBurst)
	}
}

// What a strategy for hard NATs takes must fit, and a second attempt of it.
func TestTwoAttemptsOnAHardNATFit(t *testing.T) {
	var g Governor
	now := time.Unix(1000, 0)
	allowed(8*wire.MaxCandidates, func(i int) Verdict { return g.Probe(now, flowTo(i%wire.MaxCandidates)) })
	for attempt := range 2 {
		held := 0
		for i := range manySockets {
			if g.Probe(now, flowFrom(byte(attempt), i)) != Allowed {
				held++
			}
			if i%socketsAtOnce == socketsAtOnce-1 {
				now = now.Add(socketPause)
			}
		}
		if held != 0 {
			t.Errorf("attempt %d: %d of %d sockets are held back", attempt, held, manySockets)
		}
		now = now.Add(5 * time.Second)
	}
}

// Whatever is asked of it, in no second and in no 30 does more get through than
// is documented, nor in the long run, and its memory has a bound.
func TestT02TheGovernorHoldsWhateverIsAsked(t *testing.T) {
	var g Governor
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Unix(1000, 0)
	now := start
	var sent []time.Time
	used := map[Flow]time.Time{}
	for now.Sub(start) < 2*time.Minute {
		now = now.Add(time.Duration(random.ExpFloat64() * float64(time.Millisecond)))
		flow := flowTo(random.IntN(1 << (4 + random.IntN(12))))
		if random.IntN(2) == 0 {
			flow = flowFrom(byte(random.IntN(4)), random.IntN(1000))
		}
		if random.IntN(10) == 0 {
			if g.Open(now, flow) == Allowed {
				used[flow] = now
			}
		} else if g.Probe(now, flow) == Allowed {
			sent = append(sent, now)
			used[flow] = now
		}
		if len(g.flows) > MaxFlows {
			t.Fatalf("it remembers %d flows", len(g.flows))
		}
	}
	for i, first := range sent {
		if j := i + ProbeBurst + ProbesPerSecond; j < len(sent) && sent[j].Sub(first) < time.Second {
			t.Fatalf("more than %d probes in the second after %v", ProbeBurst+ProbesPerSecond, first.Sub(start))
		}
	}
	const minute = 60 * SustainedProbes
	for i, first := range sent {
		if j := i + SustainedBurst + minute; j < len(sent) && sent[j].Sub(first) < time.Minute {
			t.Fatalf("more than %d probes in the minute after %v", SustainedBurst+minute, first.Sub(start))
		}
	}
	open := 0
	for _, last := range used {
		if now.Sub(last) <= FlowLifetime {
			open++
		}
	}
	if open > MaxFlows || open < MaxFlows/2 {
		t.Errorf("the router holds %d flows at the end, want nearly %d", open, MaxFlows)
	}
}

func BenchmarkGovernor(b *testing.B) {
	var g Governor
	now := time.Unix(1000, 0)
	for i := 0; b.Loop(); i++ {
		now = now.Add(time.Second / ProbesPerSecond)
		g.Probe(now, flowTo(i%(2*MaxFlows)))
	}
}

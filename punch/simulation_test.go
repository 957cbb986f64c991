package punch

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

// world is a simulated internet between two engines, each behind a router. It
// knows no real time: a second of it takes as long as its packets.
type world struct {
	now    time.Time
	delay  time.Duration // one way
	loss   float64
	random *rand.Rand
	queue  deliveries
	peers  [2]*home
}

// home is an engine behind a home router that maps every destination to the
// same port (EIM) and lets in only whom it has sent to (APDF), unless it is
// symmetric: then every destination gets a port of its own (APDM).
type home struct {
	engine    *Engine
	public    netip.AddrPort
	symmetric bool
	mappings  map[netip.AddrPort]netip.AddrPort // public endpoint by destination
	provenAt  time.Time
	sent      int
}

type delivery struct {
	at       time.Time
	order    int
	to       netip.AddrPort
	from     netip.AddrPort
	datagram []byte
}

type deliveries []delivery

func (q deliveries) Len() int { return len(q) }
func (q deliveries) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].order < q[j].order
}
func (q deliveries) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *deliveries) Push(x any)   { *q = append(*q, x.(delivery)) }
func (q *deliveries) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func newWorld(seed uint64, loss float64, symmetric [2]bool) *world {
	w := &world{now: epoch, delay: 40 * time.Millisecond, loss: loss, random: rand.New(rand.NewPCG(seed, 0))}
	keys := [2]wire.ProbeKey{{1}, {2}}
	for i := range w.peers {
		w.peers[i] = &home{
			engine:    New(Config{Session: aSession, SendKey: keys[i], ReceiveKey: keys[1-i], Seed: [16]byte{byte(seed), byte(i)}}),
			public:    netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(10 + i)}), 4000),
			symmetric: symmetric[i],
			mappings:  make(map[netip.AddrPort]netip.AddrPort),
		}
	}
	return w
}

// introduce tells both engines of the other's observed endpoint; they fire
// skew apart.
func (w *world) introduce(skew time.Duration) {
	for i, h := range w.peers {
		fire := w.now.Add(time.Duration(i) * skew)
		w.step(h, Introduced{Candidates: []Candidate{{Endpoint: w.peers[1-i].public, Kind: wire.CandidateObserved}}, FireAt: fire})
	}
}

func (w *world) step(h *home, event Event) {
	for _, action := range h.engine.Step(w.now, event) {
		switch action := action.(type) {
		case SendDatagram:
			h.sent++
			w.send(h, action)
		case UsePath:
			if action.Path.IsDirect() && h.provenAt.IsZero() {
				h.provenAt = w.now
			}
		}
	}
}

func (w *world) send(h *home, action SendDatagram) {
	from := h.public
	if h.symmetric {
		if _, ok := h.mappings[action.To]; !ok {
			h.mappings[action.To] = netip.AddrPortFrom(h.public.Addr(), uint16(20000+w.random.IntN(40000)))
		}
		from = h.mappings[action.To]
	} else {
		h.mappings[action.To] = h.public
	}
	if w.random.Float64() < w.loss {
		return
	}
	heap.Push(&w.queue, delivery{at: w.now.Add(w.delay), order: len(w.queue), to: action.To, from: from, datagram: action.Datagram})
}

// arrive delivers a datagram if the router lets it in.
func (w *world) arrive(d delivery) {
	for _, h := range w.peers {
		if mapped, ok := h.mappings[d.from]; ok && mapped == d.to {
			w.step(h, Received{From: d.from, Datagram: d.datagram})
		}
	}
}

// run goes on until the given time.
func (w *world) run(until time.Time) {
	for {
		next := until
		if len(w.queue) > 0 {
			next = earliest(next, w.queue[0].at)
		}
		for _, h := range w.peers {
			if wake := h.engine.Wake(); !wake.IsZero() {
				next = earliest(next, wake)
			}
		}
		if !next.Before(until) {
			w.now = until
			return
		}
		w.now = next
		if len(w.queue) > 0 && !w.queue[0].at.After(w.now) {
			w.arrive(heap.Pop(&w.queue).(delivery))
		}
		for _, h := range w.peers {
			if wake := h.engine.Wake(); !wake.IsZero() && !wake.After(w.now) {
				w.step(h, Tick{})
			}
		}
	}
}

func TestSimultaneousFireProvesThePathInOneRoundTrip(t *testing.T) {
	w := newWorld(1, 0, [2]bool{})
	w.introduce(0)
	w.run(epoch.Add(time.Second))
	for i, h := range w.peers {
		if got := h.provenAt.Sub(epoch); got != 80*time.Millisecond {
			t.Errorf("peer %d has a proven path after %v, want exactly one RTT, 80ms", i, got)
		}
	}
}

func TestUnevenFireStillWorks(t *testing.T) {
	for _, skew := range []time.Duration{5, 39, 41, 150, 900} {
		skew *= time.Millisecond
		w := newWorld(1, 0, [2]bool{})
		w.introduce(skew)
		w.run(epoch.Add(5 * time.Second))
		for i, h := range w.peers {
			if h.provenAt.IsZero() || h.provenAt.Sub(epoch) > skew+120*time.Millisecond {
				t.Errorf("skew %v: peer %d has a proven path after %v, want at most one and a half RTTs after the later shot", skew, i, h.provenAt.Sub(epoch))
			}
		}
	}
}

func TestOneSymmetricRouterIsPassedWhenThePeerIsPublic(t *testing.T) {
	w := newWorld(1, 0, [2]bool{true, false})
	// A public host lets in everybody.
	w.peers[1].mappings = nil
	w.peers[1].engine = New(Config{Session: aSession, SendKey: wire.ProbeKey{2}, ReceiveKey: wire.ProbeKey{1}})
	w.peers[1].mappings = openToAll{w.peers[1].public}.everything(w)
	w.introduce(0)
	w.run(epoch.Add(time.Second))
	for i, h := range w.peers {
		if h.provenAt.IsZero() {
			t.Errorf("peer %d found no direct path", i)
		}
	}
}

// openToAll makes mappings that any port of the other home may use.
type openToAll struct{ public netip.AddrPort }

func (o openToAll) everything(w *world) map[netip.AddrPort]netip.AddrPort {
	all := make(map[netip.AddrPort]netip.AddrPort)
	for port := range 65535 {
		all[netip.AddrPortFrom(w.peers[0].public.Addr(), uint16(port+1))] = o.public
	}
	return all
}

func TestTwoSymmetricRoutersStayRelayedWithinBudget(t *testing.T) {
	w := newWorld(1, 0, [2]bool{true, true})
	w.introduce(0)
	w.run(epoch.Add(time.Minute))
	for i, h := range w.peers {
		if !h.provenAt.IsZero() {
			t.Errorf("peer %d claims a direct path through two symmetric routers", i)
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
		w := newWorld(seed, 0.2, [2]bool{})
		w.introduce(0)
		w.run(epoch.Add(10 * time.Second))
		slowest := time.Duration(0)
		for _, h := range w.peers {
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
	w := newWorld(1, 0, [2]bool{})
	w.introduce(0)
	w.run(epoch.Add(10 * time.Second))
	for range 20 {
		before := [2]int{w.peers[0].sent, w.peers[1].sent}
		w.run(w.now.Add(30 * time.Second))
		for i, h := range w.peers {
			if h.sent == before[i] {
				t.Fatalf("peer %d sent nothing for 30 s", i)
			}
			if !h.engine.Path().IsDirect() || h.engine.Path().Doubtful {
				t.Fatalf("peer %d: path is %v on an undisturbed link", i, h.engine.Path())
			}
		}
	}
}

// FuzzEngine throws arbitrary events at an engine. Whatever comes, it stays
// within its budget, and takes no path that has not answered with the key.
func FuzzEngine(f *testing.F) {
	f.Add([]byte{0, 10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60})
	f.Add([]byte{0, 1, 4, 200, 4, 200, 3, 1, 3, 2, 5, 9, 1, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		engine, now := New(ourConfig), epoch
		answered := make(map[netip.AddrPort]bool)
		var probes []SendDatagram
		budget := float64(budgetBurst)
		for ; len(script) >= 2; script = script[2:] {
			elapsed := time.Duration(script[1]) * 7 * time.Millisecond
			now = now.Add(elapsed)
			budget = min(budget+elapsed.Seconds()*budgetPerSecond, float64(budgetBurst))
			event := arbitraryEvent(script[0], script[1], now, probes, answered)
			for _, action := range engine.Step(now, event) {
				switch action := action.(type) {
				case SendDatagram:
					if _, err := wire.ParseProbe(action.Datagram, ourKey); err == nil {
						probes = append(probes, action)
						budget--
					}
				case UsePath:
					if action.Path.IsDirect() && !answered[action.Path.Direct] {
						t.Fatalf("uses %v, which never answered", action.Path.Direct)
					}
				}
			}
			if budget < -0.001 {
				t.Fatalf("sent %v probes more than the budget allows", -budget)
			}
			if wake := engine.Wake(); !wake.IsZero() && wake.Before(now.Add(-time.Millisecond)) {
				t.Fatalf("wants to be woken at %v, which has passed at %v", wake.Sub(epoch), now.Sub(epoch))
			}
		}
	})
}

func arbitraryEvent(kind, value byte, now time.Time, probes []SendDatagram, answered map[netip.AddrPort]bool) Event {
	endpoint := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, value}), 4000)
	switch kind % 7 {
	case 0:
		return Introduced{Candidates: []Candidate{{Endpoint: endpoint}, {Endpoint: endpoint}, {Endpoint: netip.AddrPortFrom(endpoint.Addr(), 5000)}}, FireAt: now.Add(time.Duration(value))}
	case 1:
		return Sent{}
	case 2:
		return Moved{}
	case 3:
		probe := wire.Probe{TransactionID: wire.TransactionID{value}, Session: aSession}
		return Received{From: endpoint, Datagram: probe.Append(nil, peerKey)}
	case 4:
		if len(probes) == 0 {
			return Tick{}
		}
		sent := probes[int(value)%len(probes)]
		probe, _ := wire.ParseProbe(sent.Datagram, ourKey)
		reply := wire.ProbeReply{TransactionID: probe.TransactionID, Session: aSession, Observed: endpoint}
		answered[sent.To] = true
		return Received{From: sent.To, Datagram: reply.Append(nil, peerKey)}
	case 5:
		return Received{From: endpoint, Datagram: []byte{value}}
	}
	return Tick{}
}

package punch

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"time"

	"peerd/wire"
)

// world is a simulated internet: two engines behind routers of any kind, and a
// rendezvous. It knows no real time: a second of it takes as long as its
// packets.
//
//	engine 0 ─ router ──── delay (40 ms) ──── router ─ engine 1
//	               └─ serverDelay ─ rendezvous ─┘
type world struct {
	now         time.Time
	delay       time.Duration // one way between the homes
	serverDelay time.Duration // one way from a home to the rendezvous
	loss        float64
	blocked     bool // nothing gets from home to home
	// swallows is how many bytes are too many for a datagram from a home to the
	// other; 0: any number passes.
	swallows   [2]int
	relayUp    bool
	relayLoss  float64
	rendezvous bool // it introduces
	random     *rand.Rand
	queue      arrivals
	arrived    int
	homes      [2]*home
}

// home is an engine behind its router.
type home struct {
	engine   *Engine
	router   *router
	report   wire.NATReport
	ttl      int
	observed netip.AddrPort
	provenAt time.Time
	sent     int
	talks    int
	// switches counts the changes of path, of doubt too.
	switches int
}

// arrival is something that happens at an instant.
type arrival struct {
	at    time.Time
	order int
	do    func()
}

type arrivals []arrival

func (q arrivals) Len() int { return len(q) }
func (q arrivals) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].order < q[j].order
}
func (q arrivals) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *arrivals) Push(x any)   { *q = append(*q, x.(arrival)) }
func (q *arrivals) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// rendezvousAt is where the simulated rendezvous is.
var rendezvousAt = netip.MustParseAddrPort("192.0.2.1:7700")

func newWorld(seed uint64, kinds [2]kind) *world {
	w := &world{
		now: epoch, delay: 40 * time.Millisecond, serverDelay: 25 * time.Millisecond,
		random: rand.New(rand.NewPCG(seed, 0)), relayUp: true, rendezvous: true,
	}
	keys := [2]wire.ProbeKey{{1}, {2}}
	for i, kind := range kinds {
		address := netip.AddrFrom4([4]byte{203, 0, 113, byte(10 + i)})
		h := &home{
			engine: New(Config{Session: aSession, SendKey: keys[i], ReceiveKey: keys[1-i], Seed: [16]byte{byte(seed), byte(seed >> 8), byte(i)}}),
			router: newRouter(kind, address, w.random),
			report: kind.report,
			ttl:    2,
		}
		if kind.seems != nil {
			h.report = *kind.seems
		}
		h.observed, _ = h.router.out(w.now, 0, rendezvousAt)
		w.homes[i] = h
	}
	return w
}

// after schedules something.
func (w *world) after(d time.Duration, do func()) {
	w.arrived++
	heap.Push(&w.queue, arrival{at: w.now.Add(d), order: w.arrived, do: do})
}

// introduce tells both engines of each other, as the rendezvous does when
// caller has asked for it; they fire skew apart.
func (w *world) introduce(caller int, predicted []netip.AddrPort, skew time.Duration) {
	for i := range w.homes {
		in := w.introduction(i)
		in.FireAt, in.Caller = w.now.Add(time.Duration(i)*skew), i == caller
		if i != caller {
			for _, endpoint := range predicted {
				in.Candidates = append(in.Candidates, Candidate{Endpoint: endpoint, Kind: wire.CandidatePredicted})
			}
		}
		w.step(i, in)
	}
}

// introduceLate is introduce, but the introduction of engine 1 (0 if late is
// negative) is held up on the way.
func (w *world) introduceLate(late time.Duration) {
	for i := range w.homes {
		delay := max(0, late)
		if i == 0 {
			delay = max(0, -late)
		}
		w.after(delay, func() {
			in := w.introduction(i)
			in.FireAt, in.Caller = w.now, i == 0
			w.step(i, in)
		})
	}
}

// introduction is what engine i is told of its peer.
func (w *world) introduction(i int) Introduced {
	h, peer := w.homes[i], w.homes[1-i]
	return Introduced{
		Candidates: []Candidate{{Endpoint: peer.observed, Kind: wire.CandidateObserved}},
		Ours:       h.report,
		Theirs:     peer.report,
		OpenerTTL:  h.ttl,
	}
}

// chatter has application data go out every second.
func (w *world) chatter(i int) {
	w.step(i, Sent{})
	w.after(time.Second, func() { w.chatter(i) })
}

func (w *world) step(i int, event Event) {
	h := w.homes[i]
	for _, action := range h.engine.Step(w.now, event) {
		switch action := action.(type) {
		case SendDatagram:
			h.sent++
			w.send(i, action)
		case SendLogin:
			w.login(i, action.Socket)
		case RequestTalk:
			h.talks++
			if w.rendezvous {
				w.after(2*w.serverDelay, func() { w.introduce(i, action.Predicted, 0) })
			}
		case UsePath:
			h.switches++
			if action.Path.IsDirect() && h.provenAt.IsZero() {
				h.provenAt = w.now
			}
		}
	}
}

func (w *world) send(i int, action SendDatagram) {
	h, peer := w.homes[i], w.homes[1-i]
	if !action.To.IsValid() {
		if w.relayUp && w.random.Float64() >= w.relayLoss {
			w.after(2*w.serverDelay, func() { w.step(1-i, Received{Datagram: action.Datagram}) })
		}
		return
	}
	from, ok := h.router.out(w.now, action.Socket, action.To)
	if !ok || action.TTL > 0 || w.blocked || w.random.Float64() < w.loss || action.To.Addr() != peer.router.address {
		return
	}
	if most := w.swallows[i]; most > 0 && len(action.Datagram) > most {
		return
	}
	w.after(w.delay, func() {
		if socket, ok := peer.router.in(w.now, from, action.To.Port()); ok {
			w.step(1-i, Received{Socket: socket, From: from, Datagram: action.Datagram})
		}
	})
}

func (w *world) login(i int, socket SocketID) {
	h := w.homes[i]
	seen, ok := h.router.out(w.now, socket, rendezvousAt)
	if !ok || w.random.Float64() < w.loss {
		return
	}
	w.after(2*w.serverDelay, func() { w.step(i, Observed{Socket: socket, Endpoint: seen}) })
}

// traffic has a router open other flows, perSecond on average.
func (w *world) traffic(r *router, perSecond float64) {
	w.after(time.Duration(w.random.ExpFloat64()/perSecond*float64(time.Second)), func() {
		r.allocate(SocketID(1<<31+w.random.Uint32N(1<<30)), netip.AddrPortFrom(rendezvousAt.Addr(), uint16(w.random.Uint32N(65535))))
		w.traffic(r, perSecond)
	})
}

// run goes on until the given time.
func (w *world) run(until time.Time) {
	for {
		next := until
		if len(w.queue) > 0 {
			next = earliest(next, w.queue[0].at)
		}
		for _, h := range w.homes {
			next = earliest(next, h.engine.Wake())
		}
		if !next.Before(until) {
			w.now = until
			return
		}
		if next.After(w.now) {
			w.now = next
		}
		if len(w.queue) > 0 && !w.queue[0].at.After(w.now) {
			heap.Pop(&w.queue).(arrival).do()
		}
		for i, h := range w.homes {
			if wake := h.engine.Wake(); !wake.IsZero() && !wake.After(w.now) {
				w.step(i, Tick{})
			}
		}
	}
}

// direct returns when both sides had proven a path, and whether they have.
func (w *world) direct() (time.Duration, bool) {
	slowest := time.Duration(0)
	for _, h := range w.homes {
		if h.provenAt.IsZero() {
			return 0, false
		}
		slowest = max(slowest, h.provenAt.Sub(epoch))
	}
	return slowest, true
}

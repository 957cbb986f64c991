package punch

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"peerd/wire"
)

// These tests have somebody named as a candidate who has nothing to do with it, by
// a rendezvous or a peer gone bad (threat T2), and count what he gets.

const (
	// headers are IP's and UDP's, which the victim gets as well.
	headers = 28
	// silentAfter is how long after the instant that an introduction names nothing
	// more is sent.
	silentAfter = 10 * time.Second
)

var victim = netip.MustParseAddr("198.51.100.66")

// victimised is an engine whose every candidate is the victim's, and that nobody
// answers.
type victimised struct {
	engine *Engine
	sent   []time.Time
	octets int
}

// step returns what the engine wants to send.
func (v *victimised) step(now time.Time, event Event) []Action { return v.engine.Step(now, event) }

// count notes a packet to the victim.
func (v *victimised) count(now time.Time, action SendDatagram) {
	v.sent = append(v.sent, now)
	v.octets += len(action.Datagram) + headers
}

// last is when the victim got something last.
func (v *victimised) last() time.Time {
	if len(v.sent) == 0 {
		return time.Time{}
	}
	return v.sent[len(v.sent)-1]
}

// run ticks the engine until then, with data going out every second: over the relay
// the peer can be reached, so that there is a reason to look for a path.
func (v *victimised) run(now, until time.Time) {
	data := now
	for now.Before(until) {
		next := earliest(v.engine.Wake(), data)
		now = earliest(next, until)
		if !now.Before(until) {
			return
		}
		var event Event = Tick{}
		if now.Equal(data) {
			data, event = data.Add(time.Second), Sent{}
		}
		for _, action := range v.step(now, event) {
			if sent, ok := action.(SendDatagram); ok && sent.To.Addr() == victim {
				v.count(now, sent)
			}
		}
	}
}

// named are many candidates of one kind, all of them the victim's.
func named(count int, kind wire.CandidateKind) (all []Candidate) {
	for i := range count {
		all = append(all, Candidate{Endpoint: netip.AddrPortFrom(victim, uint16(2000+i)), Kind: kind})
	}
	return all
}

func TestT02OneIntroductionCostsTheNamedAFewProbes(t *testing.T) {
	for name, in := range map[string]Introduced{
		"as observed":           {Candidates: named(8, wire.CandidateObserved)},
		"as local":              {Candidates: named(8, wire.CandidateLocal)},
		"as mapped":             {Candidates: named(8, wire.CandidateMapped)},
		"as predicted":          {Candidates: named(8, wire.CandidatePredicted)},
		"a thousand times":      {Candidates: named(1000, wire.CandidateObserved)},
		"for as late as can be": {Candidates: named(8, wire.CandidateObserved), FireAt: epoch.Add(wire.MaxFireIn)},
	} {
		t.Run(name, func(t *testing.T) {
			v := &victimised{engine: New(ourConfig)}
			if in.FireAt.IsZero() {
				in.FireAt = epoch
			}
			v.engine.Step(epoch, in)
			v.run(epoch, epoch.Add(2*time.Hour))
			if n := len(v.sent); n > 64+freshOpeners || n < 8*(len(volleyOffsets)-1) {
				t.Errorf("the victim gets %d packets, want a volley at each of 8 candidates", n)
			}
			if v.octets > 8<<10 {
				t.Errorf("the victim gets %d octets, want at most 8 KiB", v.octets)
			}
			if last := v.last(); last.Sub(in.FireAt) > silentAfter {
				t.Errorf("the victim gets something %v after the volley", last.Sub(in.FireAt))
			}
		})
	}
}

// lyingWorld are sessions of one daemon under one governor, whose rendezvous aims all
// of them at the victim.
type lyingWorld struct {
	random   *rand.Rand
	governor Governor
	reports  []wire.NATReport // what introductions say of the NATs, ours and theirs
	now      time.Time
	sessions []*victimised
	// got are the packets that left for the victim.
	got      []time.Time
	octets   int
	heldBack int
	fires    time.Time // the last instant that was named
}

func newLyingWorld(sessions int, reports ...wire.NATReport) *lyingWorld {
	w := &lyingWorld{random: rand.New(rand.NewPCG(1, 2)), reports: reports, now: epoch}
	for i := range sessions {
		config := ourConfig
		config.Session, config.Seed = wire.SessionID{byte(i)}, [16]byte{byte(i)}
		w.sessions = append(w.sessions, &victimised{engine: New(config)})
	}
	return w
}

// lie is an introduction that makes as many packets as any can.
func (w *lyingWorld) lie() Introduced {
	kinds := []wire.CandidateKind{wire.CandidateObserved, wire.CandidateLocal, wire.CandidateMapped, wire.CandidatePredicted}
	in := Introduced{
		FireAt: w.now.Add(time.Duration(w.random.IntN(2)) * wire.MaxFireIn),
		Ours:   w.reports[w.random.IntN(len(w.reports))], Theirs: w.reports[w.random.IntN(len(w.reports))],
		Caller: w.random.IntN(2) == 0, OpenerTTL: w.random.IntN(2) * 3,
	}
	for range wire.MaxCandidates {
		port := 2000 + w.random.Uint32N(100) // few: it is not the router's table that bounds
		in.Candidates = append(in.Candidates, Candidate{
			Endpoint: netip.AddrPortFrom(victim, uint16(port)), Kind: kinds[w.random.IntN(len(kinds))],
		})
	}
	if in.FireAt.After(w.fires) {
		w.fires = in.FireAt
	}
	return in
}

// step has a session do something, under the governor, and answers its logins with
// whatever makes it go on.
func (w *lyingWorld) step(i int, event Event) {
	events := []Event{event}
	for len(events) > 0 {
		actions := w.sessions[i].step(w.now, events[0])
		events = events[1:]
		for _, action := range actions {
			switch action := action.(type) {
			case SendDatagram:
				w.send(i, action)
			case SendLogin:
				seen := netip.AddrPortFrom(netip.MustParseAddr("203.0.113.1"), uint16(7000+w.random.Uint32N(16)))
				events = append(events, Observed{Socket: action.Socket, Endpoint: seen})
			}
		}
	}
}

func (w *lyingWorld) send(i int, action SendDatagram) {
	if action.To.Addr() != victim {
		return
	}
	flow := Flow{To: action.To}
	if action.Socket != 0 {
		flow = Flow{Session: wire.SessionID{byte(i)}, Socket: action.Socket, To: action.To}
	}
	if w.governor.Probe(w.now, flow) != Allowed {
		w.heldBack++
		return
	}
	w.got = append(w.got, w.now)
	w.octets += len(action.Datagram)
}

// run lets time pass, with data in every session every second.
func (w *lyingWorld) run(until time.Time) {
	data := w.now
	for {
		next := data
		for _, s := range w.sessions {
			next = earliest(next, s.engine.Wake())
		}
		if !next.Before(until) {
			w.now = until
			return
		}
		if next.After(w.now) {
			w.now = next
		}
		var event Event = Tick{}
		if !w.now.Before(data) {
			data, event = w.now.Add(time.Second), Sent{}
		}
		for i, s := range w.sessions {
			if wake := s.engine.Wake(); event == (Sent{}) || !wake.IsZero() && !wake.After(w.now) {
				w.step(i, event)
			}
		}
	}
}

// most returns the most packets that the victim got in any window of this length.
func (w *lyingWorld) most(window time.Duration) (most int) {
	first := 0
	for i, at := range w.got {
		for at.Sub(w.got[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// TestT02AThousandIntroductionsInManySessionsAreGoverned has a rendezvous introduce
// us a thousand times within a minute, all of them at the victim's address.
func TestT02AThousandIntroductionsInManySessionsAreGoverned(t *testing.T) {
	every := []wire.NATReport{
		usual.report, apdm(wire.AllocationSequential).report, apdm(wire.AllocationRandom).report, block(512).report, {},
	}
	for name, w := range map[string]*lyingWorld{
		"volleys in forty sessions": newLyingWorld(40, usual.report),
		"every strategy in twenty":  newLyingWorld(20, every...),
	} {
		t.Run(name, func(t *testing.T) {
			for range 1000 {
				w.step(w.random.IntN(len(w.sessions)), w.lie())
				w.run(w.now.Add(60 * time.Millisecond))
			}
			w.run(w.fires.Add(silentAfter))
			if w.heldBack == 0 || len(w.got) == 0 {
				t.Fatalf("%d packets, %d held back: the sessions wanted less than is allowed, this proves nothing", len(w.got), w.heldBack)
			}
			for window, most := range map[time.Duration]int{
				time.Second:      ProbeBurst + ProbesPerSecond,
				10 * time.Second: SustainedBurst + 10*SustainedProbes,
				time.Minute:      SustainedBurst + 60*SustainedProbes,
			} {
				if got := w.most(window); got > most+1 {
					t.Errorf("the victim gets %d packets within %v, want at most %d", got, window, most)
				}
			}
			if w.octets != len(w.got)*wire.ProbeSize {
				t.Errorf("%d packets have %d octets, want small probes only", len(w.got), w.octets)
			}
			before := len(w.got)
			w.run(w.now.Add(10 * time.Minute))
			if after := len(w.got) - before; after != 0 {
				t.Errorf("the victim gets %d packets more in the ten minutes after", after)
			}
			t.Logf("%d packets, %d held back", before, w.heldBack)
		})
	}
}

// TestT02WhereNobodyEverAnsweredThereIsNoReunion has the rendezvous fall silent after
// it has named the victim, while the pair talks over the relay. Slots are for those
// who have met.
func TestT02WhereNobodyEverAnsweredThereIsNoReunion(t *testing.T) {
	v := &victimised{engine: New(ourConfig)}
	v.engine.Step(epoch, Introduced{Candidates: named(1, wire.CandidateObserved), FireAt: epoch})
	v.engine.Step(epoch, Moved{}) // asks for an introduction, in vain
	v.run(epoch, epoch.Add(silentAfter))
	before := len(v.sent)
	v.run(epoch.Add(silentAfter), epoch.Add(3*time.Hour))
	if after := len(v.sent) - before; after != 0 || before == 0 {
		t.Errorf("the victim gets %d packets at first and %d in the hours after, want a volley and none", before, after)
	}
}

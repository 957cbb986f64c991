package punch

import (
	"testing"
	"time"

	"peerd/wire"
)

func TestKeepaliveInterval(t *testing.T) {
	for name, c := range map[string]struct {
		ours, theirs, want time.Duration
	}{
		"nothing measured":                 {0, 0, 20 * time.Second},
		"only ours measured":               {120 * time.Second, 0, 20 * time.Second},
		"the shorter lifetime counts":      {120 * time.Second, 60 * time.Second, 48 * time.Second},
		"whichever side it is on":          {60 * time.Second, 120 * time.Second, 48 * time.Second},
		"a hasty router does not make us":  {5 * time.Second, 120 * time.Second, 15 * time.Second},
		"a patient one is not believed":    {time.Hour, time.Hour, 240 * time.Second},
		"what Linux grants one-way flows":  {30 * time.Second, 30 * time.Second, 24 * time.Second},
		"what RFC 4787 asks for at least":  {120 * time.Second, 120 * time.Second, 96 * time.Second},
		"what RFC 4787 recommends (5 min)": {300 * time.Second, 300 * time.Second, 240 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			got := keepaliveInterval(wire.NATReport{Lifetime: c.ours}, wire.NATReport{Lifetime: c.theirs})
			if got != c.want {
				t.Errorf("keepalive every %v, want %v", got, c.want)
			}
		})
	}
}

// TestIdlePairIsQuiet asserts the bar: behind routers that keep a mapping for
// 120 s, an idle pair sends less than a third of the packets that a fixed
// keepalive of 25 s would.
func TestIdlePairIsQuiet(t *testing.T) {
	const idle = time.Hour
	w := newWorld(1, [2]kind{usual, usual})
	report := wire.NATReport{Lifetime: 120 * time.Second}
	for i := range w.homes {
		w.step(i, Introduced{
			Candidates: []Candidate{{Endpoint: w.homes[1-i].observed, Kind: wire.CandidateObserved}},
			FireAt:     w.now,
			Ours:       report,
			Theirs:     report,
		})
	}
	w.run(epoch.Add(10 * time.Second))
	before := w.homes[0].sent + w.homes[1].sent
	w.run(w.now.Add(idle))
	sent := w.homes[0].sent + w.homes[1].sent - before

	const perKeepalive = 2 * 2 // each side's probe, and its reply
	fixed := int(idle/(25*time.Second)) * perKeepalive
	t.Logf("%d packets in %v, a fixed keepalive of 25 s takes %d", sent, idle, fixed)
	if 3*sent >= fixed {
		t.Errorf("%d packets in %v, want less than a third of %d", sent, idle, fixed)
	}
	for i, h := range w.homes {
		if !h.engine.Path().IsDirect() || h.engine.Path().Doubtful {
			t.Errorf("peer %d: path is %v after an idle hour", i, h.engine.Path())
		}
	}
}

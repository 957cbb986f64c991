package punch

import (
	"testing"
	"time"

	"peerd/wire"
)

// TestT09AReplyCountsOnce delivers each reply five times over, late copies among
// them: they answer no other probe, and measure nothing.
func TestT09AReplyCountsOnce(t *testing.T) {
	e := New(ourConfig)
	actions := e.Step(epoch, Introduced{Candidates: []Candidate{{Endpoint: pairAt[1], Kind: wire.CandidateObserved}}, FireAt: epoch})
	probe, err := wire.ParseProbe(actions[0].(SendDatagram).Datagram, ourKey)
	if err != nil {
		t.Fatal(err)
	}
	reply := wire.ProbeReply{TransactionID: probe.TransactionID, Session: aSession, Observed: pairAt[0]}.Append(nil, peerKey)
	now := epoch
	for i := range 5 {
		now = now.Add(15 * time.Millisecond)
		e.Step(now, Received{From: pairAt[1], Datagram: reply})
		if i == 0 && e.Path().RTT != 15*time.Millisecond {
			t.Fatalf("the path is %+v after the first reply", e.Path())
		}
	}
	if path := e.Path(); path.RTT != 15*time.Millisecond {
		t.Errorf("copies of a reply have made the RTT %v", path.RTT)
	}
	if entry := e.Ledger()[0]; entry.Replies != 1 {
		t.Errorf("%d replies count, want 1", entry.Replies)
	}
}

// TestT09AReplayedProbeMovesNothing delivers a probe of the peer's again and again,
// also from elsewhere: it is answered, and neither the path nor the data moves.
func TestT09AReplayedProbeMovesNothing(t *testing.T) {
	a := newAttacked(t, 1)
	a.introduce()
	for range 100 { // no attacker yet
		for i, e := range a.engines {
			if wake := e.Wake(); !wake.IsZero() && !wake.After(a.now) {
				a.step(i, Tick{})
			}
		}
		for len(a.queue) > 0 && !a.queue[0].at.After(a.now) {
			d := a.queue[0]
			a.queue = a.queue[1:]
			a.receive(d.to, d.from, d.payload)
		}
		a.now = a.now.Add(time.Millisecond)
	}
	before := a.engines[0].Path()
	if !before.IsDirect() {
		t.Fatal("there is no path")
	}
	probe := wire.Probe{TransactionID: wire.TransactionID{1}, Session: aSession}.Append(nil, a.keys[1])
	for range 5 {
		a.receive(0, pairAt[1], probe)
		a.receive(0, thirdParty, probe)
	}
	if after := a.engines[0].Path(); after != before {
		t.Errorf("the path was %+v and is %+v", before, after)
	}
	if !a.engines[0].isDirect() {
		t.Error("a replay has put the path in doubt")
	}
}

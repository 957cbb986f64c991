package punch

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"peerd/wire"
)

// What an introduction may cost beside the budget: the probes of strategies that
// are few, and the sockets they open.
const (
	fewProbes  = 2*meetingSockets*meetingShots*meetingRounds + 2*sandwichRounds + freshOpeners + 1
	fewSockets = (2*meetingSockets+3)*meetingRounds + 5*sandwichRounds + 2
)

// FuzzEngine throws arbitrary events at an engine. Whatever comes, it stays
// within its budget, opens no more sockets than its strategies may, takes no path
// that has not answered with the key, and sends nothing while it is confined.
func FuzzEngine(f *testing.F) {
	f.Add([]byte{0, 10, 1, 20, 2, 30, 3, 40, 4, 50, 5, 60})
	f.Add([]byte{0, 1, 4, 200, 4, 200, 3, 1, 3, 2, 5, 9, 1, 1})
	f.Add([]byte{7, 6, 8, 1, 8, 2, 8, 5, 6, 200, 4, 3, 4, 4})                   // sequential
	f.Add([]byte{7, 9, 6, 255, 6, 255, 6, 255, 6, 255, 4, 3, 4, 4, 6, 1, 9, 1}) // random
	f.Add([]byte{0, 1, 6, 9, 4, 1, 12, 0, 4, 2, 3, 3, 1, 1, 2, 2, 6, 255, 11, 1, 7, 5})
	f.Add([]byte{7, 2, 6, 255, 6, 255, 4, 255, 3, 2, 1, 1, 10, 3})                  // spray
	f.Add([]byte{0, 1, 6, 9, 13, 1, 14, 0, 15, 2, 3, 3, 13, 1, 4, 0, 13, 0, 14, 1}) // replies that prove nothing
	f.Fuzz(func(t *testing.T, script []byte) {
		z := newFuzzed(t)
		for ; len(script) >= 2; script = script[2:] {
			elapsed := time.Duration(script[1]) * 7 * time.Millisecond
			z.now = z.now.Add(elapsed)
			z.budget = min(z.budget+elapsed.Seconds()*budgetPerSecond, float64(budgetBurst))
			z.step(z.event(script[0], script[1]))
		}
	})
}

// fuzzed is an engine that is watched.
type fuzzed struct {
	t        *testing.T
	engine   *Engine
	now      time.Time
	answered map[netip.AddrPort]bool
	confined bool
	probes   []SendDatagram
	budget   float64
	// granted is what introductions have allowed beside the budget, in probes, and
	// sockets how many sockets; flooded is when hundreds were last allowed.
	granted, sockets int
	flooded          time.Time
	open             map[SocketID]bool
	highest          SocketID
	// named are the addresses that an introduction has named, or that the peer has
	// proven to send from; tcp are the endpoints named for TCP.
	named map[netip.Addr]bool
	tcp   map[netip.AddrPort]bool
	// plain is set until an introduction begins a strategy: then every probe is paid
	// from the budget, and none beside it.
	plain bool
}

func newFuzzed(t *testing.T) *fuzzed {
	return &fuzzed{
		t: t, engine: New(ourConfig), now: epoch, answered: map[netip.AddrPort]bool{},
		budget: float64(budgetBurst), open: map[SocketID]bool{},
		named: map[netip.Addr]bool{}, tcp: map[netip.AddrPort]bool{}, plain: true,
	}
}

func (z *fuzzed) step(event Event) {
	switch event := event.(type) {
	case Confined:
		z.confined = true
	case Introduced:
		z.confined = false
		z.name(event.Candidates)
		z.plain = z.plain && event.Ours == wire.NATReport{}
		z.granted += fewProbes
		z.sockets += fewSockets
		if z.flooded.IsZero() || z.now.Sub(z.flooded) >= floodSpacing {
			z.granted += sprayPasses * sprayPorts * meetingShots
			z.sockets += manySockets
			z.flooded = z.now
		}
	}
	actions := z.engine.Step(z.now, event)
	for _, action := range actions {
		z.watch(action)
	}
	z.checkBounds(len(actions))
	z.checkBudget()
	if z.confined && z.engine.Path().IsDirect() {
		z.t.Fatal("a confined session has a direct path")
	}
	if wake := z.engine.Wake(); !wake.IsZero() && wake.Before(z.now.Add(-time.Millisecond)) {
		z.t.Fatalf("wants to be woken at %v, which has passed at %v", wake.Sub(epoch), z.now.Sub(epoch))
	}
}

// maxActions bounds what one event may have the driver do: a spray and the volleys of
// a search at once, and each socket closed.
const maxActions = sprayPorts*meetingShots + manySockets + len(volleyOffsets)*(maxNamed+maxReflexive) + fewProbes

// checkBounds holds what the engine remembers, and does at once, to what is documented.
func (z *fuzzed) checkBounds(actions int) {
	e := z.engine
	for what, is := range map[string]struct{ size, limit int }{
		"opened sockets":       {int(z.highest), z.sockets},
		"candidates":           {len(e.checks.candidates), maxNamed + maxReflexive + 1},
		"lines of the ledger":  {len(e.Ledger()), maxLedger},
		"unanswered probes":    {len(e.transactions.open), len(z.probes)},
		"actions of one event": {actions, maxActions},
	} {
		if is.size > is.limit {
			z.t.Fatalf("%s are %d, allowed are %d", what, is.size, is.limit)
		}
	}
}

// checkBudget compares the engine's account with ours, which was kept by looking at
// what it sends.
func (z *fuzzed) checkBudget() {
	if z.budget+float64(z.granted) < -0.001 {
		z.t.Fatalf("sent %v probes more than the budget allows", -z.budget)
	}
	b := z.engine.budget
	if !z.plain || b.updated.IsZero() {
		return
	}
	theirs := min(b.tokens+z.now.Sub(b.updated).Seconds()*budgetPerSecond, float64(budgetBurst))
	if math.Abs(theirs-z.budget) > 0.001 {
		z.t.Fatalf("the engine counts a budget of %v, what it sent leaves %v", theirs, z.budget)
	}
}

// name notes that candidates were named: their addresses may be probed from now on.
func (z *fuzzed) name(candidates []Candidate) {
	for _, c := range candidates {
		z.named[c.Endpoint.Addr()] = true
		if c.Kind == wire.CandidateTCP {
			z.tcp[c.Endpoint] = true
		}
	}
}

func (z *fuzzed) watch(action Action) {
	if sent := onTheWire([]Action{action}); z.confined && len(sent) > 0 {
		z.t.Fatalf("a confined session does %+v", sent)
	}
	switch action := action.(type) {
	case SendDatagram:
		z.names(action.Socket)
		if action.To.IsValid() && !z.named[action.To.Addr()] {
			z.t.Fatalf("sends to %v, which nobody has named", action.To)
		}
		if _, err := wire.ParseProbe(action.Datagram, ourKey); err == nil {
			z.probes = append(z.probes, action)
			if action.To.IsValid() { // one over the relay, which measures it, hits nobody: weigh paces it
				z.budget--
			}
		}
	case SendLogin:
		z.names(action.Socket)
	case ConnectTCP:
		z.names(action.Socket)
		if !z.tcp[action.To] {
			z.t.Fatalf("connects to %v, which nobody has named", action.To)
		}
	case CloseSocket:
		if !z.open[action.Socket] && action.Socket > z.highest {
			z.t.Fatalf("closes socket %d, which was never opened", action.Socket)
		}
		delete(z.open, action.Socket)
	case UsePath:
		if action.Path.IsDirect() && !z.answered[action.Path.Direct] {
			z.t.Fatalf("uses %v, which never answered", action.Path.Direct)
		}
	}
}

// names notes that an action names a socket: an open one, or the next.
func (z *fuzzed) names(id SocketID) {
	if id == 0 || z.open[id] {
		return
	}
	if id <= z.highest {
		z.t.Fatalf("names socket %d again after it was closed or lost", id)
	}
	z.highest, z.open[id] = id, true
}

func (z *fuzzed) event(kind, value byte) Event {
	endpoint := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, value}), 4000)
	socket := SocketID(value) % (z.highest + 1)
	switch kind % 16 {
	case 0:
		return Introduced{Candidates: []Candidate{{Endpoint: endpoint}, {Endpoint: endpoint}, {Endpoint: netip.AddrPortFrom(endpoint.Addr(), 5000)}}, FireAt: z.now.Add(time.Duration(value))}
	case 1:
		return Sent{}
	case 2:
		return Moved{}
	case 3:
		probe := wire.Probe{TransactionID: wire.TransactionID{value}, Session: aSession}
		z.named[endpoint.Addr()] = true
		return Received{From: endpoint, Datagram: probe.Append(nil, peerKey)}
	case 4:
		return z.reply(value)
	case 5:
		return Received{Socket: socket, From: endpoint, Datagram: []byte{value}}
	case 7:
		return arbitraryIntroduction(value, z.now)
	case 8:
		return Observed{Socket: socket, Endpoint: netip.AddrPortFrom(endpoint.Addr(), 7000+uint16(value))}
	case 9:
		return Connected{Socket: socket}
	case 10:
		delete(z.open, socket)
		return SocketLost{Socket: socket}
	case 11:
		return Strayed{Socket: socket, From: netip.AddrPortFrom(endpoint.Addr(), 6000)}
	case 12:
		return Confined{}
	case 13:
		return z.copied(value, endpoint)
	case 14:
		return z.forged(value)
	case 15:
		return z.otherSession(value)
	}
	return Tick{}
}

// reply answers one of the probes sent.
func (z *fuzzed) reply(value byte) Event {
	if len(z.probes) == 0 {
		return Tick{}
	}
	sent := z.probes[int(value)%len(z.probes)]
	probe, _ := wire.ParseProbe(sent.Datagram, ourKey)
	reply := wire.ProbeReply{TransactionID: probe.TransactionID, Session: aSession, Observed: sent.To}
	z.answered[sent.To] = true
	return Received{Socket: sent.Socket, From: sent.To, Datagram: reply.Append(nil, peerKey)}
}

// copied is the reply that the peer sends to one of our probes, from elsewhere. It is an
// answer all the same if that probe went there: strayed packets have it go there, too.
func (z *fuzzed) copied(value byte, from netip.AddrPort) Event {
	elsewhere := netip.AddrPortFrom(from.Addr(), 6000)
	if len(z.probes) > 0 && z.probes[int(value)%len(z.probes)].To == elsewhere {
		z.answered[elsewhere] = true
	}
	return z.repliedWith(value, wire.ProbeReply{Session: aSession}, peerKey, elsewhere)
}

// forged is a reply by somebody who sees our probes and does not have the key.
func (z *fuzzed) forged(value byte) Event {
	return z.repliedWith(value, wire.ProbeReply{Session: aSession}, ourKey, netip.AddrPort{})
}

// otherSession is a reply by the peer that belongs to another session.
func (z *fuzzed) otherSession(value byte) Event {
	return z.repliedWith(value, wire.ProbeReply{Session: wire.SessionID{9}}, peerKey, netip.AddrPort{})
}

// repliedWith is a reply to one of our probes that proves nothing. It comes from where
// the probe went, if from is zero.
func (z *fuzzed) repliedWith(value byte, reply wire.ProbeReply, key wire.ProbeKey, from netip.AddrPort) Event {
	if len(z.probes) == 0 {
		return Tick{}
	}
	sent := z.probes[int(value)%len(z.probes)]
	probe, _ := wire.ParseProbe(sent.Datagram, ourKey)
	if !from.IsValid() {
		from = sent.To
	}
	reply.TransactionID, reply.Observed = probe.TransactionID, netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, 1}), 1)
	return Received{Socket: sent.Socket, From: from, Datagram: reply.Append(nil, key)}
}

// arbitraryIntroduction has NATs of all kinds on both sides.
func arbitraryIntroduction(value byte, now time.Time) Introduced {
	reports := []wire.NATReport{
		usual.report, apdm(wire.AllocationSequential).report, apdm(wire.AllocationRandom).report, block(512).report,
	}
	at := netip.AddrFrom4([4]byte{203, 0, 113, 20})
	return Introduced{
		Candidates: []Candidate{
			{Endpoint: netip.AddrPortFrom(at, 4000), Kind: wire.CandidateObserved},
			{Endpoint: netip.AddrPortFrom(at, 4001+uint16(value)), Kind: wire.CandidatePredicted},
			{Endpoint: netip.AddrPortFrom(at, 4002), Kind: wire.CandidateTCP},
		},
		FireAt:    now.Add(time.Duration(value) * time.Millisecond),
		Ours:      reports[value%4],
		Theirs:    reports[value/4%4],
		OpenerTTL: int(value / 16 % 4),
		Caller:    value >= 128,
	}
}

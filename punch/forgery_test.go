package punch

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"peerd/wire"
)

// These tests put somebody into the network who sees every datagram between the two
// endpoints of a pair and through the relay, can send any of them again from any
// source, to either peer, as often as he likes, and is one of the candidates that
// the rendezvous has named (threat T5). He has no key.
//
// One thing he does not do: hand on to the other peer, while it is fresh, what one
// of them sends elsewhere than to the other's endpoint. Whoever does that both ways
// is a router on the path: he carries ciphertext, and can drop it, as any other can.

var (
	pairAt     = [2]netip.AddrPort{netip.MustParseAddrPort("203.0.113.10:4000"), netip.MustParseAddrPort("203.0.113.20:4000")}
	attackerAt = netip.MustParseAddrPort("198.51.100.66:4000")
	thirdParty = netip.MustParseAddrPort("198.51.100.77:4000")
)

// attacked are two engines and the attacker between them.
type attacked struct {
	t       *testing.T
	random  *rand.Rand
	now     time.Time
	engines [2]*Engine
	keys    [2]wire.ProbeKey
	// cut has nothing arrive but what the attacker sends, who sees nothing new.
	cut bool
	// seen are the datagrams that he may send to anybody, and reflected those that
	// came to his own endpoint, which he throws back only.
	seen      [][]byte
	reflected [2][][]byte
	queue     []attackedDatagram
	// in and out are octets, by the endpoint they claimed to come from or went to.
	in, out [2]map[netip.AddrPort]int
	paths   [2][]netip.AddrPort
}

type attackedDatagram struct {
	to      int
	at      time.Time
	from    netip.AddrPort
	payload []byte
}

func newAttacked(t *testing.T, seed uint64) *attacked {
	a := &attacked{t: t, random: rand.New(rand.NewPCG(seed, 5)), now: epoch, keys: [2]wire.ProbeKey{{1}, {2}}}
	for i := range a.engines {
		a.engines[i] = New(Config{Session: aSession, SendKey: a.keys[i], ReceiveKey: a.keys[1-i], Seed: [16]byte{byte(seed), byte(seed >> 8), byte(i)}})
		a.in[i], a.out[i] = map[netip.AddrPort]int{}, map[netip.AddrPort]int{}
	}
	return a
}

func (a *attacked) introduce() {
	for i := range a.engines {
		a.step(i, Introduced{
			Candidates: []Candidate{
				{Endpoint: attackerAt, Kind: wire.CandidateObserved}, {Endpoint: pairAt[1-i], Kind: wire.CandidateLocal},
			},
			FireAt: a.now, Caller: i == 0,
		})
	}
}

func (a *attacked) step(i int, event Event) {
	for _, action := range a.engines[i].Step(a.now, event) {
		switch action := action.(type) {
		case SendDatagram:
			a.sent(i, action)
		case UsePath:
			if action.Path.IsDirect() {
				a.paths[i] = append(a.paths[i], action.Path.Direct)
			}
		}
	}
}

func (a *attacked) sent(i int, action SendDatagram) {
	a.out[i][action.To] += len(action.Datagram)
	direct, relayed := action.To == pairAt[1-i], !action.To.IsValid()
	if action.To == attackerAt {
		a.reflected[i] = append(a.reflected[i], action.Datagram)
	}
	if a.cut || !direct && !relayed {
		return
	}
	a.seen = append(a.seen, action.Datagram)
	from := pairAt[i]
	if relayed {
		from = netip.AddrPort{}
	}
	a.queue = append(a.queue, attackedDatagram{1 - i, a.now.Add(20 * time.Millisecond), from, action.Datagram})
}

// receive has a datagram arrive at an engine.
func (a *attacked) receive(i int, from netip.AddrPort, datagram []byte) {
	a.in[i][from] += len(datagram)
	a.step(i, Received{From: from, Datagram: datagram})
}

// run lets time pass. The attacker strikes once a millisecond, on average.
func (a *attacked) run(lasting time.Duration) {
	for until := a.now.Add(lasting); a.now.Before(until); a.now = a.now.Add(time.Millisecond) {
		for len(a.queue) > 0 && !a.queue[0].at.After(a.now) {
			d := a.queue[0]
			a.queue = a.queue[1:]
			a.receive(d.to, d.from, d.payload)
		}
		for i, e := range a.engines {
			if wake := e.Wake(); !wake.IsZero() && !wake.After(a.now) {
				a.step(i, Tick{})
			}
		}
		a.strike()
	}
}

// strike sends one of the peers something that the attacker has.
func (a *attacked) strike() {
	i := a.random.IntN(2)
	from := []netip.AddrPort{attackerAt, thirdParty, pairAt[0], pairAt[1], {}}[a.random.IntN(5)]
	var datagram []byte
	switch pool := a.reflected[i]; {
	case a.random.IntN(4) == 0 && len(pool) > 0:
		datagram, from = pool[a.random.IntN(len(pool))], attackerAt
		datagram = a.answerTo(datagram)
	case len(a.seen) > 0:
		datagram = a.seen[a.random.IntN(len(a.seen))]
		if a.random.IntN(2) == 0 { // a fresh one
			datagram = a.seen[len(a.seen)-1-a.random.IntN(min(4, len(a.seen)))]
		}
	default:
		return
	}
	if a.random.IntN(4) == 0 {
		datagram = slices.Clone(datagram)
		datagram[a.random.IntN(len(datagram))] ^= 1 << a.random.IntN(8)
	}
	a.receive(i, from, datagram)
}

// answerTo is what somebody without a key can make of a probe to his endpoint: the
// probe itself, or a reply under a key of his own.
func (a *attacked) answerTo(datagram []byte) []byte {
	for _, key := range a.keys {
		if probe, err := wire.ParseProbe(datagram, key); err == nil && a.random.IntN(2) == 0 {
			reply := wire.ProbeReply{TransactionID: probe.TransactionID, Session: probe.Session, Observed: pairAt[0]}
			return reply.Append(nil, wire.ProbeKey{66})
		}
	}
	return datagram
}

// TestT05OnlyWhoAnswersWithTheKeyIsUsed proves that whatever is reflected, copied,
// replayed, forged, or sent from a false source, no path leads to anybody but the peer.
func TestT05OnlyWhoAnswersWithTheKeyIsUsed(t *testing.T) {
	for seed := range uint64(10) {
		a := newAttacked(t, seed)
		for range 3 {
			a.introduce()
			a.run(3 * time.Second)
			a.step(0, Sent{})
		}
		for i, paths := range a.paths {
			if len(paths) == 0 {
				t.Fatalf("seed %d: engine %d has found no path at all", seed, i)
			}
			for _, path := range paths {
				if path != pairAt[1-i] {
					t.Fatalf("seed %d: engine %d uses %v", seed, i, path)
				}
			}
		}
	}
}

// TestT05ADeadPathIsNotKeptAliveByReplays cuts the path and leaves the attacker: what
// he has recorded, sent again from the peer's own address, answers no probe.
func TestT05ADeadPathIsNotKeptAliveByReplays(t *testing.T) {
	for seed := range uint64(6) {
		a := newAttacked(t, seed)
		a.introduce()
		for i := range 20 { // data flows, so that full probes are among what he has
			a.run(100 * time.Millisecond)
			a.step(i%2, Sent{})
		}
		a.cut, a.queue = true, nil
		for i := range a.engines {
			if !a.engines[i].Path().IsDirect() {
				t.Fatalf("seed %d: engine %d has found no path", seed, i)
			}
			a.step(i, Sent{})
		}
		for i := range 10 {
			a.step(i%2, Sent{})
			a.run(300 * time.Millisecond)
		}
		for i := range a.engines {
			if path := a.engines[i].Path(); path.IsDirect() && !path.Doubtful {
				t.Errorf("seed %d: engine %d trusts the dead path %v", seed, i, path)
			}
		}
	}
}

// TestT05AnUnprovenEndpointGetsAtMostThreeTimesWhatItSent counts octets towards
// endpoints that nobody has named and that never answered: replays of authentic
// probes from a false source are all that makes us write there.
func TestT05AnUnprovenEndpointGetsAtMostThreeTimesWhatItSent(t *testing.T) {
	for seed := range uint64(6) {
		a := newAttacked(t, seed)
		a.introduce()
		a.run(5 * time.Second)
		for i := range a.engines {
			in, out := a.in[i][thirdParty], a.out[i][thirdParty]
			if in == 0 || out == 0 {
				t.Fatalf("seed %d: %d octets in and %d out, this proves nothing", seed, in, out)
			}
			if out > 3*in {
				t.Errorf("seed %d: %d octets to an endpoint that sent %d", seed, out, in)
			}
		}
	}
}

// TestT05ASingleReplayGetsAtMostThreeTimesItsSize is the same for one datagram, of
// which the sum above could hide something.
func TestT05ASingleReplayGetsAtMostThreeTimesItsSize(t *testing.T) {
	for _, full := range []bool{false, true} {
		t.Run(fmt.Sprintf("full %v", full), func(t *testing.T) {
			a := newAttacked(t, 1)
			a.introduce()
			probe := wire.Probe{TransactionID: wire.TransactionID{9}, Session: aSession, Full: full}.Append(nil, a.keys[1])
			a.receive(0, thirdParty, probe)
			for range 60_000 { // a minute
				a.now = a.now.Add(time.Millisecond)
				a.step(0, Tick{})
			}
			if got := a.out[0][thirdParty]; got == 0 || got > 3*len(probe) {
				t.Errorf("%d octets for a replayed probe of %d", got, len(probe))
			}
		})
	}
}

package punch

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"peerd/wire"
)

// neighbour is a machine on our link: a candidate that a peer named, where somebody
// else lives.
var neighbour = netip.MustParseAddrPort("192.168.1.77:8080")

// searchBeside introduces an engine to a peer at its endpoint and the neighbour's, and
// returns all that the engine does in the next minute. The neighbour does with each
// probe it gets what it likes.
func searchBeside(config Config, likes func(probe SendDatagram) []Event) (all []Action, e *Engine) {
	e = New(config)
	now := epoch
	var events []Event
	step := func(event Event) {
		for _, action := range e.Step(now, event) {
			all = append(all, action)
			if probe, ok := action.(SendDatagram); ok && probe.To == neighbour {
				events = append(events, likes(probe)...)
			}
		}
	}
	step(Introduced{FireAt: now, Candidates: []Candidate{
		{Endpoint: neighbour, Kind: wire.CandidateLocal},
		{Endpoint: netip.MustParseAddrPort("203.0.113.7:4000"), Kind: wire.CandidateObserved},
	}})
	for end := now.Add(time.Minute); now.Before(end); now = now.Add(5 * time.Millisecond) {
		for len(events) > 0 {
			event := events[0]
			events = events[1:]
			step(event)
		}
		step(Tick{})
	}
	return all, e
}

// echoes has the neighbour send back what it gets, from all over its machine, with
// junk and with an answer that would be right were it authentic.
func echoes(probe SendDatagram) []Event {
	parsed, _ := wire.ParseProbe(probe.Datagram, ourKey)
	answer := wire.ProbeReply{TransactionID: parsed.TransactionID, Session: parsed.Session, Observed: neighbour}
	elsewhere := netip.AddrPortFrom(neighbour.Addr(), 9)
	return []Event{
		Received{From: neighbour, Datagram: probe.Datagram},
		Received{From: elsewhere, Datagram: probe.Datagram},
		Received{From: neighbour, Datagram: answer.Append(nil, wire.ProbeKey{66})},
		Received{From: neighbour, Datagram: answer.Append(nil, ourKey)},
		Received{From: neighbour, Datagram: []byte("HTTP/1.1 400 Bad Request\r\n\r\n")},
	}
}

// TestT03NothingIsToldOfWhatWasFound proves that a peer cannot scan our network by
// naming its addresses: whether a machine is there, and what it says, changes
// nothing of what we do.
func TestT03NothingIsToldOfWhatWasFound(t *testing.T) {
	nobody, _ := searchBeside(ourConfig, func(SendDatagram) []Event { return nil })
	somebody, _ := searchBeside(ourConfig, echoes)
	if len(nobody) == 0 || len(nobody) != len(somebody) {
		t.Fatalf("%d actions where nobody is, %d where somebody is", len(nobody), len(somebody))
	}
	for i := range nobody {
		if !reflect.DeepEqual(nobody[i], somebody[i]) {
			t.Errorf("action %d: %v where nobody is, %v where somebody is", i, nobody[i], somebody[i])
		}
	}
}

// TestT04StrangerWhoAnswersIsNoPath proves the other half: nobody becomes a path by
// echoing.
func TestT04StrangerWhoAnswersIsNoPath(t *testing.T) {
	probes := 0
	_, e := searchBeside(ourConfig, func(probe SendDatagram) []Event {
		probes++
		return echoes(probe)
	})
	if probes == 0 {
		t.Fatal("the stranger got no probe to echo")
	}
	if path := e.Path(); path.IsDirect() {
		t.Errorf("the path is %v", path)
	}
}

// TestT04ProbeSaysNothingOfItsSender proves that the stranger cannot tell from probes
// whose they are, nor that those of two sessions are of one peer: where a probe holds
// something that is not in everybody's, another session's has something else.
func TestT04ProbeSaysNothingOfItsSender(t *testing.T) {
	const everybodys = "0001" + "0048" + "2112a442" + "000000000000000000000000" +
		"c103" + "0010" + "00000000000000000000000000000000" +
		"c105" + "0014" + "0000000000000000000000000000000000000000" +
		"c104" + "0010" + "00000000000000000000000000000000" +
		"8028" + "0004" + "00000000"
	var seen [][]byte
	for i := range byte(2) {
		config := Config{
			Session: wire.SessionID{0x51, i}, SendKey: wire.ProbeKey{0x52, i, 0x53, 0x54}, ReceiveKey: wire.ProbeKey{0x55, i, 0x56, 0x57},
			Seed: [16]byte{0x58, i},
		}
		searchBeside(config, func(sent SendDatagram) []Event {
			seen = append(seen, sent.Datagram)
			return nil
		})
	}
	for _, probe := range seen {
		if got := hex.EncodeToString(withoutRandomParts(probe)); got != everybodys {
			t.Errorf("a probe has more in it than others:\n%s, want\n%s", got, everybodys)
		}
	}
	first, other := seen[0], seen[len(seen)-1]
	for what, part := range map[string][2]int{"transaction id": {8, 20}, "session": {24, 40}, "MAC": {68, 84}} {
		if bytes.Equal(first[part[0]:part[1]], other[part[0]:part[1]]) {
			t.Errorf("probes of two sessions have the same %s", what)
		}
	}
}

// withoutRandomParts blanks what SPEC.md 2.4 draws or computes for each probe: the
// transaction id, the session, the MAC and the checksum.
func withoutRandomParts(probe []byte) []byte {
	template := bytes.Clone(probe)
	blank := func(from, length int) { clear(template[from : from+length]) }
	blank(8, 12)
	blank(24, 16)
	blank(len(probe)-24, 16)
	blank(len(probe)-4, 4)
	return template
}

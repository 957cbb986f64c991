//go:build linux

package matrix

import (
	"time"

	"peerd/peer/api"
)

// A Bar is what is promised of a pair. Its zero fields promise nothing.
type Bar struct {
	Name      string
	Direct    float64       // the least share of meetings that become direct
	Within    time.Duration // in which a meeting has to, else it counts as relayed; never zero
	Median    time.Duration // of the time until direct
	Worst     time.Duration
	Flows     int           // the most that the routers together open in a meeting
	Transport api.Transport // of the direct path
	Arrival   time.Duration // of the first message, the median
	// Relayed says that no direct path can exist. What counts then is that why
	// says so.
	Relayed bool
}

const (
	// arrival is what is promised of the first message: it never waits for a
	// path.
	arrival = 65 * time.Millisecond
	// patient is how long a meeting waits where no figure says it: several times
	// what any strategy takes when it works.
	patient = 5 * time.Second
	// relayedFor is how long a meeting waits where nothing direct is promised.
	relayedFor = 3 * time.Second
)

// The promises, in the order of the document.
var (
	easyBar = Bar{Name: "easy × easy, public, same home or carrier, IPv6", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 1, Within: patient, Median: 200 * time.Millisecond, Worst: 300 * time.Millisecond}
	waryBar = Bar{Name: "open input or strike × the same, easy, public", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 1, Within: patient, Median: 250 * time.Millisecond}
	clashedBar = Bar{Name: "open input, after a conntrack clash", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 1, Within: patient, Worst: 2 * time.Second}
	bannedBar = Bar{Name: "strike, after a ban of 30 s", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 1, Within: 35 * time.Second, Worst: 32 * time.Second}
	lossyBar = Bar{Name: "easy × easy, 20 % of probes lost", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 1, Within: patient, Worst: time.Second}
	publicBar = Bar{Name: "symmetric × public", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 1, Within: patient, Median: 200 * time.Millisecond}
	sequentialBar = Bar{Name: "sequential × easy, open input, strike", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 0.99, Within: patient, Median: 300 * time.Millisecond}
	sequencesBar = Bar{Name: "sequential × sequential, also with 20 other flows/s", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 0.95, Within: patient, Median: time.Second}
	randomBar = Bar{Name: "random × easy, open input, strike", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 0.98, Within: 5 * time.Second, Median: 1500 * time.Millisecond, Flows: 1300}
	blockBar = Bar{Name: "random in a block of at most 1,024 × easy", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 0.999, Within: patient, Median: 500 * time.Millisecond, Flows: 200}
	blocksBar = Bar{Name: "block of 512 × block of 512", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 0.90, Within: 10 * time.Second}
	tcpBar = Bar{Name: "UDP blocked × a predictable TCP mapping", Transport: api.TransportTCP, Arrival: arrival,
		Direct: 1, Within: patient, Worst: time.Second}
	mappedBar = Bar{Name: "random × random, one of which makes port mappings", Transport: api.TransportUDP, Arrival: arrival,
		Direct: 1, Within: patient}
	relayedBar = Bar{Name: "random × random, carrier without hairpin", Arrival: arrival, Within: relayedFor, Relayed: true}
	// What nothing is promised of is measured all the same.
	openBar = Bar{Name: "everything else", Arrival: arrival, Within: relayedFor}
)

// isWaiting reports whether a meeting is hardly more than waiting.
func (b Bar) isWaiting() bool { return b.Relayed || b.Worst >= banned }

// Bars returns all promises.
func Bars() []Bar {
	return []Bar{easyBar, waryBar, clashedBar, bannedBar, lossyBar, publicBar, sequentialBar, sequencesBar, randomBar,
		blockBar, blocksBar, tcpBar, mappedBar, relayedBar, openBar}
}

// barOf returns what is promised of a peer in a network of kind a that talks to
// one of kind b.
func barOf(a, b Kind) Bar {
	if a.class > b.class {
		a, b = b, a // so that a is the easier one, except that public comes last
	}
	switch {
	case a.is(noUDP) || b.is(noUDP):
		if a.randomTCP || b.randomTCP {
			return openBar
		}
		return tcpBar
	case b.is(public) && !a.is(easy, wary, public):
		return publicBar
	case a.is(easy, public) && b.is(easy, public):
		return easyBar
	case a.is(easy, wary) && b.is(easy, wary, public):
		return waryBar
	case a.is(easy, wary) && b.is(sequential):
		return sequentialBar
	case a.is(easy) && b.is(block1024, block512):
		return blockBar
	case a.is(easy, wary) && b.is(random, block1024, block512):
		return randomBar
	case a.is(sequential) && b.is(sequential):
		return sequencesBar
	case a.is(block512) && b.is(block512):
		return blocksBar
	case a.is(random) && b.is(random):
		return relayedBar
	}
	return openBar
}

package natcheck

import (
	"cmp"
	"slices"
	"sync"
)

// A Gap is something that was not measured, and why.
type Gap struct {
	Aspect Aspect
	Reason Reason
}

// An Aspect is one thing that is measured.
type Aspect string

// The aspects.
const (
	Mapping    Aspect = "mapping"
	Filtering  Aspect = "filtering"
	Allocation Aspect = "allocation"
	Drift      Aspect = "drift"
	Hairpin    Aspect = "hairpin"
	Hops       Aspect = "hops" // and with it the opener TTL
	Lifetime   Aspect = "lifetime"
)

// A Reason is why something was not measured.
type Reason string

// The reasons.
const (
	// NoAnswer: the rendezvous did not answer.
	NoAnswer Reason = "no-answer"
	// OtherPortSilent: its other port did not answer. A firewall of its own may
	// have forgotten that port.
	OtherPortSilent Reason = "other-port-silent"
	// OneAddress: it has one address only. A mapping is then measured but for the
	// difference between EIM and ADM.
	OneAddress Reason = "one-address"
	// OtherAddressSilent: its other address did not answer. A router that punishes
	// unexpected packets may have banned it for a while.
	OtherAddressSilent Reason = "other-address-silent"
	// Ambiguous: the answers contradict each other.
	Ambiguous Reason = "ambiguous"
	// NoReports: no router says when a packet dies there.
	NoReports Reason = "no-reports"
	// NothingBetween: no router is known between our own and the rendezvous, so
	// that no TTL is safe for an opener.
	NothingBetween Reason = "nothing-between"
	// Unsupported: this system cannot.
	Unsupported Reason = "unsupported"
	// OutOfTime: the network is too slow for all of it.
	OutOfTime Reason = "out-of-time"
	// Pending: it takes minutes, and is under way.
	Pending Reason = "pending"
)

// Silence is the result of asking a rendezvous that does not answer by UDP.
func Silence() Result {
	var r Result
	for _, aspect := range []Aspect{Allocation, Filtering, Hairpin, Hops, Mapping} {
		r.NotMeasured = append(r.NotMeasured, Gap{aspect, NoAnswer})
	}
	return r
}

// gaps collects what several goroutines could not measure.
type gaps struct {
	mu    sync.Mutex
	found []Gap
}

func (g *gaps) add(aspect Aspect, reason Reason) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.found = append(g.found, Gap{aspect, reason})
}

// list returns the gaps in the order of their aspects.
func (g *gaps) list() []Gap {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.SortedFunc(slices.Values(g.found), func(a, b Gap) int { return cmp.Compare(a.Aspect, b.Aspect) })
}

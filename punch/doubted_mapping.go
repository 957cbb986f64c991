package punch

import (
	"net/netip"
	"time"

	"peerd/wire"
)

// doubtedAfter is how long after both fired a mapping is doubted that was
// reported as endpoint-independent. A fresh socket has had its chance by then.
const doubtedAfter = 1200 * time.Millisecond

// doubtedMapping is for a rendezvous with one address only: it cannot tell an
// address-dependent mapping from an endpoint-independent one. If nothing was
// heard of the peer, and a router does not keep the port of the inside, it is
// taken for the former: what helps against that does no harm otherwise.
type doubtedMapping struct {
	in     Introduced
	target netip.AddrPort
	due    time.Time // zero: done
}

func newDoubtedMapping(in Introduced, target netip.AddrPort) *doubtedMapping {
	due := in.FireAt.Add(doubtedAfter)
	in.Ours, in.Theirs = doubted(in.Ours), doubted(in.Theirs)
	if classOf(in.Ours) == classEasy && classOf(in.Theirs) == classEasy {
		due = time.Time{}
	}
	in.FireAt = due
	return &doubtedMapping{in: in, target: target, due: due}
}

// doubted returns the report that would be true of an address-dependent mapping.
func doubted(r wire.NATReport) wire.NATReport {
	if r.Mapping == wire.MappingEIM && r.Allocation != wire.AllocationPreserving && r.Allocation != wire.AllocationUnknown {
		r.Mapping = wire.MappingADM
	}
	return r
}

func (d *doubtedMapping) run(e *Engine, now time.Time) {
	if d.due.IsZero() || d.due.After(now) {
		return
	}
	d.due = time.Time{}
	if e.search.heard {
		return
	}
	if s := e.planUDP(now, d.in, d.target); s != nil {
		e.search.strategies = append(e.search.strategies, s)
	}
}

func (d *doubtedMapping) wake() time.Time { return d.due }

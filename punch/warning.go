package punch

import (
	"net/netip"

	"peerd/wire"
)

// A Warning is something that does not fit together, for people to see. It
// changes nothing about what the engine does.
type Warning struct {
	Code WarningCode
	// Count is how many packets it is about.
	Count int
	// Seen is the last endpoint it is about; the zero AddrPort where there is none.
	Seen netip.AddrPort
}

// WarningCode names a warning. The words are for users, and stable.
type WarningCode string

const (
	// WarningTheirReport: the peer reports that its NAT has one port for all
	// destinations, and its probes come from another port than the rendezvous
	// sees: the report is false, or its router is confused (a conntrack clash).
	WarningTheirReport WarningCode = "their-nat-report-contradicted"
	// WarningOurReport: we report so, and the peer sees us at another port.
	WarningOurReport WarningCode = "our-nat-report-contradicted"
	// WarningHeldBack: the budget of the session was spent.
	WarningHeldBack WarningCode = "probes-held-back"
)

// Warnings returns what is odd about the session, as far as its packets tell.
func (e *Engine) Warnings() []Warning {
	var all []Warning
	if c := e.evidence.theirs; c.against(e.search.in.Theirs) && !e.isNamed(byMain(c.seen)) {
		all = append(all, Warning{WarningTheirReport, c.count, c.seen})
	}
	if c := e.evidence.ours; c.against(e.search.in.Ours) {
		all = append(all, Warning{WarningOurReport, c.count, c.seen})
	}
	if n := e.budget.heldBack; n > 0 {
		all = append(all, Warning{Code: WarningHeldBack, Count: n})
	}
	return all
}

// evidence is what packets have said against the two NAT reports.
type evidence struct{ theirs, ours contradiction }

// A contradiction is a report and the endpoints that do not fit it.
type contradiction struct {
	report wire.NATReport
	count  int
	seen   netip.AddrPort // the last one
}

func (c *contradiction) add(report wire.NATReport, seen netip.AddrPort) {
	if c.report != report {
		*c = contradiction{report: report}
	}
	c.count++
	c.seen = seen
}

// against reports whether report is the one contradicted.
func (c *contradiction) against(report wire.NATReport) bool {
	return c.count > 0 && c.report == report
}

// checkTheirReport compares where an authentic probe came from with what the
// peer reports and where the rendezvous sees it. A port that the peer has named
// is that of another socket of its own.
func (e *Engine) checkTheirReport(from route) {
	in := &e.search.in
	if from.socket == 0 && claimsOnePort(in.Theirs) && isOtherPort(from.to, e.search.target) && !e.isNamed(from) {
		e.evidence.theirs.add(in.Theirs, from.to)
	}
}

// checkOurReport compares where the peer sees our main socket with what we
// report and where the rendezvous sees it.
func (e *Engine) checkOurReport(from route, seen netip.AddrPort) {
	in := &e.search.in
	if from.socket == 0 && claimsOnePort(in.Ours) && isOtherPort(seen, in.Observed) {
		e.evidence.ours.add(in.Ours, seen)
	}
}

// claimsOnePort reports whether a NAT is said to have one port for all
// destinations.
func claimsOnePort(r wire.NATReport) bool {
	return r.Mapping == wire.MappingNone || r.Mapping == wire.MappingEIM
}

// isOtherPort reports whether seen is another port of the very address. Other
// addresses say nothing: a common network has them, and IPv6.
func isOtherPort(seen, known netip.AddrPort) bool {
	return known.IsValid() && seen.Addr() == known.Addr() && seen.Port() != known.Port()
}

// isNamed reports whether the endpoint was named in an introduction.
func (e *Engine) isNamed(way route) bool {
	c := e.checks.find(way)
	return c != nil && c.kind != 0
}

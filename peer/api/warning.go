package api

import "net/netip"

// Warning is something odd about what the peer, the rendezvous or a router told
// us. It costs no more than the limits of the search; a person may want to know.
type Warning struct {
	Code WarningCode `json:"code"`
	// Count is how many candidates or packets it is about.
	Count int `json:"count"`
	// Endpoint is an example; invalid where there is none.
	Endpoint netip.AddrPort `json:"endpoint,omitzero"`
}

// WarningCode names a warning. The words are stable.
type WarningCode string

// What was named in vain: the peer, or the rendezvous in its name, gave
// candidates that no honest peer has.
const (
	// WarningReserved: loopback, link-local, multicast, broadcast, reserved.
	WarningReserved WarningCode = "reserved-candidates"
	// WarningPrivate: private addresses said to be seen or predicted from outside.
	// A peer's own private addresses are usual, and no warning.
	WarningPrivate WarningCode = "private-candidates"
	// WarningOwnAddress: our own machine.
	WarningOwnAddress WarningCode = "own-address-candidates"
	// WarningLowPort: ports of well-known services.
	WarningLowPort WarningCode = "low-port-candidates"
	// WarningTooMany: beyond the most that are probed.
	WarningTooMany WarningCode = "too-many-candidates"
	// WarningUnconfirmed: at an address where the rendezvous does not see the
	// peer, and nobody answered there: somebody else's, perhaps.
	WarningUnconfirmed WarningCode = "unconfirmed-candidates"
)

// What does not fit together.
const (
	// WarningTheirReport: the peer reports one port for all destinations, and its
	// probes come from another than the rendezvous sees.
	WarningTheirReport WarningCode = "their-nat-report-contradicted"
	// WarningOurReport: we do, and the peer sees us at another.
	WarningOurReport WarningCode = "our-nat-report-contradicted"
	// WarningHeldBack: probes were not sent, because they would have been too
	// many at once.
	WarningHeldBack WarningCode = "probes-held-back"
)

package socket

import (
	"slices"

	"peerd/punch"
	"peerd/wire"
)

// LeftOutReason is why a candidate is not probed. The words are for users, and
// stable.
type LeftOutReason string

const (
	// LeftOutReserved: no address of a peer: loopback, link-local (and the
	// metadata services of clouds), multicast, broadcast, reserved.
	LeftOutReserved LeftOutReason = "reserved"
	// LeftOutPrivate: of a private network that is not ours. A peer in another
	// home names its own addresses, so a local candidate of this kind is usual.
	LeftOutPrivate LeftOutReason = "private"
	// LeftOutOwn: our own socket, or another port of our own host's.
	LeftOutOwn LeftOutReason = "own-address"
	// LeftOutRouter: our own router's inside. Usual, when the peer's home has chosen
	// the same addresses as ours.
	LeftOutRouter LeftOutReason = "router"
	// LeftOutLowPort: a port of well-known services.
	LeftOutLowPort LeftOutReason = "low-port"
	// LeftOutUnreachable: IPv6 where our socket has none, or the reverse. Usual.
	LeftOutUnreachable LeftOutReason = "unreachable"
	// LeftOutTooMany: beyond wire.MaxCandidates.
	LeftOutTooMany LeftOutReason = "too-many"
)

// LeftOut is a candidate that is not probed, and why.
type LeftOut struct {
	punch.Candidate
	Reason LeftOutReason
}

// withEarlier returns what was left out of the last introduction, and then of
// those before it, each once: an introduction that only adds a predicted endpoint
// does not make the others forgotten. There are at most wire.MaxCandidates.
func withEarlier(last, earlier []LeftOut) []LeftOut {
	var all []LeftOut
	for _, c := range slices.Concat(last, earlier) {
		if len(all) < wire.MaxCandidates && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

package socket

import (
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
	// LeftOutOwn: our own socket.
	LeftOutOwn LeftOutReason = "own-address"
	// LeftOutLowPort: a port of well-known services.
	LeftOutLowPort LeftOutReason = "low-port"
	// LeftOutUnreachable: IPv6 where our socket has none, or the reverse. Usual.
	LeftOutUnreachable LeftOutReason = "unreachable"
	// LeftOutTooMany: beyond wire.MaxCandidates.
	LeftOutTooMany LeftOutReason = "too-many"
)

// LeftOut are the candidates of an introduction that were not probed. The zero
// LeftOut is empty.
type LeftOut struct {
	// Candidates are the first of them, at most wire.MaxCandidates: all there are
	// in an introduction that came by wire.
	Candidates []LeftOutCandidate
	// Total is how many there were.
	Total int
}

// LeftOutCandidate is a candidate that was not probed, and why.
type LeftOutCandidate struct {
	punch.Candidate
	Reason LeftOutReason
}

func (l *LeftOut) add(c punch.Candidate, reason LeftOutReason) {
	l.Total++
	if len(l.Candidates) < wire.MaxCandidates {
		l.Candidates = append(l.Candidates, LeftOutCandidate{c, reason})
	}
}

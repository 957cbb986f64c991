package rendezvous

import "sync/atomic"

// counters count what happened since the start. They are always kept; the
// metrics service shows them.
type counters struct {
	logins            atomic.Uint64 // UDP logins answered
	bindings          atomic.Uint64 // plain STUN requests answered
	datagramsDropped  atomic.Uint64 // neither of them, nor a relay frame, or over a limit
	receiveErrors     atomic.Uint64
	halfOpenRefused   atomic.Uint64 // control connections over the limit of their source
	handshakesRefused atomic.Uint64 // no turn came in time
	loginsRefused     atomic.Uint64
	membersSlowed     atomic.Uint64 // frames that had to wait for their sender's rate
	rosterPushes      atomic.Uint64
	talks             atomic.Uint64
	talksRefused      atomic.Uint64
	uncertified       atomic.Uint64 // observed candidates without a valid cookie, mapped ones where the peer is not seen
	envelopes         atomic.Uint64
	relayedBytes      atomic.Uint64
	relayForeign      atomic.Uint64 // no session, or not from a proven endpoint
	relayOverQuota    atomic.Uint64
	relayCongested    atomic.Uint64 // addressee's control connection is behind
}

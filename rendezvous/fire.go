package rendezvous

import "time"

// maxFireIn bounds how long a peer is told to wait. A control connection with
// a longer round trip is congested, and waiting for it would delay the punch
// more than firing early.
const maxFireIn = 500 * time.Millisecond

// fireIn returns what to tell the two peers of an introduction, so that both
// fire at the same instant: half a round trip from now for the one farther
// away (it fires on arrival), and that much later for the nearer one.
//
//	now ├──────── rttA/2 ────────┤ A gets its introduction, fires at once
//	    ├─ rttB/2 ─┤ B gets its   ├ B fires
//	               └─ inB ────────┘
//
// A round trip that is not known yet is 0.
func fireIn(rttA, rttB time.Duration) (inA, inB time.Duration) {
	instant := max(rttA, rttB) / 2
	inA = min(max(instant-rttA/2, 0), maxFireIn)
	inB = min(max(instant-rttB/2, 0), maxFireIn)
	return inA, inB
}

package socket

import (
	"golang.org/x/time/rate"

	"peerd/punch"
	"peerd/wire"
)

// probeRate and probeBurst bound the probes of all sessions together to
// endpoints that have not answered yet: at most 200 in any second, whatever
// introductions a rendezvous or a crowd of peers send us. Each engine has a
// budget of its own; this one keeps a thousand introductions from adding up
// to a flood (of 92-byte datagrams) against somebody who was named a candidate.
// Lower ones delay peers that many others introduce themselves to at once.
const (
	probeRate  = 100 // per second
	probeBurst = 100
)

func newProbeLimit() *rate.Limiter { return rate.NewLimiter(probeRate, probeBurst) }

// sendDatagram sends a probe or a reply of the engine's.
func (x *Session) sendDatagram(action punch.SendDatagram) {
	s := x.socket
	if wire.Classify(action.Datagram) == wire.DatagramProbeReply {
		// The engine replies to authentic probes only, so the peer is there.
		s.registry.hear(x, action.To)
	} else if !s.registry.hasProven(x, action.To) && !s.probeLimit.Allow() {
		s.counters.probesHeldBack.Add(1) // lost, as far as the engine can tell
		return
	}
	s.write(action.Datagram, 0, 0, action.To)
}

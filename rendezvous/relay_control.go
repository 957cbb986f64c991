package rendezvous

import (
	"time"

	"peerd/wire"
)

// relayFrame forwards a relay frame that came in c's control connection.
func (s *Server) relayFrame(c *connection, m wire.Relay, now time.Time) {
	to := s.relay.other(c, m.Session, now)
	if to == nil {
		s.counters.relayForeign.Add(1)
		return
	}
	if !c.quota.allowRelay(now, len(m.Payload)) {
		s.counters.relayOverQuota.Add(1)
		time.Sleep(overQuotaPause) // it would cost us a core to decrypt what is only dropped
		return
	}
	s.counters.relayedBytes.Add(uint64(len(m.Payload)))
	p := to.udp.Load()
	if !p.freshAt(now) {
		s.relayIntoControl(to, m)
		return
	}
	buffer := wire.AppendRelayHeader(make([]byte, 0, wire.RelayHeaderSize+wire.MaxRelayedDatagram), m.Session)
	_ = s.udp[0].conn.WriteFrom(*p.local.Load(), append(buffer, m.Payload...), 0, 0, p.endpoint)
}

// relayIntoControl hands a relayed datagram to a peer that has no fresh UDP
// endpoint. When its connection is congested the datagram is lost, as on any
// other path.
func (s *Server) relayIntoControl(to *connection, m wire.Relay) {
	if !to.relay(m) {
		s.counters.relayCongested.Add(1)
	}
}

// envelope forwards a sealed envelope to the other peer of its session. It is
// dropped when there is none, when the sender is over its quota, or when too much
// waits for the addressee already: the message inside also travels in the session
// itself.
func (s *Server) envelope(c *connection, m wire.Envelope, now time.Time) {
	to := s.relay.other(c, m.Session, now)
	if to == nil {
		s.counters.relayForeign.Add(1)
		return
	}
	if !c.quota.allowRelay(now, len(m.Sealed)) {
		s.counters.relayOverQuota.Add(1)
		return
	}
	if !to.offer(m) {
		s.counters.relayCongested.Add(1)
		return
	}
	s.counters.envelopes.Add(1)
}

package socket

import (
	"fmt"
	"net/netip"

	"peerd/punch"
)

// receiveClassic takes a talk of the classic protocol. Nothing proves where it
// comes from, and nothing answers it.
func (s *Socket) receiveClassic(datagram []byte, from netip.AddrPort) {
	if s.config.Classic == nil {
		s.counters.junk.Add(1)
		return
	}
	s.config.Classic(datagram, from)
}

// SendClassic sends a datagram as it is, in no session, to a user of the classic
// protocol.
func (s *Socket) SendClassic(datagram []byte, to netip.AddrPort) error {
	if err := s.conn.Write(datagram, 0, 0, to); err != nil {
		s.counters.sendErrors.Add(1)
		return fmt.Errorf("send to %v: %w", to, err)
	}
	return nil
}

// OpenClassic opens our routers for what a user of the classic protocol sends
// from an endpoint: with an empty datagram whose TTL ends on the way. It passes
// the governor as a probe does, which may hold it back.
func (s *Socket) OpenClassic(to netip.AddrPort, ttl int) {
	if s.governor.mayProbe(punch.Flow{To: to}) {
		s.writeTo(s.conn, nil, 0, 0, to, ttl)
	}
}

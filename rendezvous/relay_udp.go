package rendezvous

import (
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// relayDatagrams forwards a super-buffer whose first datagram is a relay frame.
// A buffer of one session, which is nearly every one (the kernel joins only
// datagrams of one flow), is forwarded as it is: same bytes, one send.
func (s *Server) relayDatagrams(socket *udpSocket, d *offload.Datagrams, now time.Time) {
	if id, uniform := oneSession(d); uniform {
		s.relayBuffer(socket, d, id, now)
		return
	}
	for datagram := range d.Segments() {
		id, _, ok := wire.ParseRelayHeader(datagram)
		if !ok {
			s.counters.datagramsDropped.Add(1)
			continue
		}
		single := offload.Datagrams{Buffer: datagram, SegmentSize: len(datagram), ECN: d.ECN, From: d.From, Local: d.Local}
		s.relayBuffer(socket, &single, id, now)
	}
}

// oneSession returns the session that every datagram of d names, if there is one.
func oneSession(d *offload.Datagrams) (id wire.SessionID, uniform bool) {
	id, _, ok := wire.ParseRelayHeader(d.Buffer)
	if !ok {
		return id, false
	}
	header := d.Buffer[:wire.RelayHeaderSize]
	for rest := d.Buffer; ; rest = rest[d.SegmentSize:] {
		if len(rest) < wire.RelayHeaderSize || string(rest[:wire.RelayHeaderSize]) != string(header) {
			return id, false
		}
		if len(rest) <= d.SegmentSize {
			return id, true
		}
	}
}

// relayBuffer forwards datagrams that all belong to session id.
func (s *Server) relayBuffer(socket *udpSocket, d *offload.Datagrams, id wire.SessionID, now time.Time) {
	from, to := s.relay.route(d.From, id, now)
	if to == nil {
		s.counters.relayForeign.Add(1)
		return
	}
	if d.SegmentSize > wire.RelayHeaderSize+wire.MaxRelayedDatagram {
		s.counters.datagramsDropped.Add(1)
		return
	}
	from.heardFrom(d.Local, now)
	if !from.owner.quota.allowRelay(now, len(d.Buffer)) {
		s.counters.relayOverQuota.Add(1)
		return
	}
	s.counters.relayedBytes.Add(uint64(len(d.Buffer)))
	if p := to.udp.Load(); p.freshAt(now) {
		// A lost datagram is for QUIC to notice; nothing to do about an error.
		_ = socket.conn.WriteFrom(*p.local.Load(), d.Buffer, d.SegmentSize, d.ECN, p.endpoint)
		return
	}
	for datagram := range d.Segments() {
		s.relayIntoControl(to, wire.Relay{Session: id, Payload: datagram[wire.RelayHeaderSize:]})
	}
}

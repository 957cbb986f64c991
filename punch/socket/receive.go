package socket

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/ipv4"

	"peerd/internal/offload"
	"peerd/punch"
	"peerd/wire"
)

const (
	// receiveBatch is how many super-buffers are read at once, of 64 KiB each.
	// More would cost memory per socket and save few system calls.
	receiveBatch = 8
	// queueShare is how many datagrams the queue may give out before the socket
	// has its turn again: about as many as one read of the socket brings. With a
	// larger share, a session that fills the queue holds up all others' probes.
	queueShare = 128
	// readRetryDelay keeps a socket that fails to read from spinning.
	readRetryDelay = 50 * time.Millisecond
)

// receiver reads the socket and tells datagrams apart. Only quic-go's reader
// goroutine uses it.
type receiver struct {
	socket *Socket
	// batch holds the super-buffers read; those from next to count are still
	// to be given out, the first of them from offset on.
	batch               []offload.Datagrams
	next, count, offset int
	// queued counts the datagrams given out from the queue in its share.
	queued int
}

func newReceiver(s *Socket) receiver {
	r := receiver{socket: s, batch: make([]offload.Datagrams, receiveBatch)}
	for i := range r.batch {
		r.batch[i].Buffer = make([]byte, 0, offload.BufferSize)
	}
	return r
}

// read fills messages with QUIC packets; it waits until there is at least one.
func (r *receiver) read(messages []ipv4.Message) (int, error) {
	for {
		if !r.yieldToSocket() {
			n := r.fill(messages)
			n += r.fillRelayed(messages[n:])
			if n > 0 {
				return n, nil
			}
		}
		if err := r.receive(); err != nil {
			return 0, err
		}
	}
}

// yieldToSocket reports whether the queue has had its share while something
// waits at the socket. A new share begins then.
func (r *receiver) yieldToSocket() bool {
	if r.queued < queueShare || r.next < r.count {
		return false
	}
	r.queued = 0
	return r.socket.conn.Readable()
}

// fill gives out datagrams at hand: QUIC's to messages, others to their
// owners.
func (r *receiver) fill(messages []ipv4.Message) int {
	n := 0
	for n < len(messages) && r.next < r.count {
		d := &r.batch[r.next]
		if x, packet := r.socket.demultiplex(r.segment(d), d.From); x != nil {
			put(&messages[n], x, packet, d.ECN)
			n++
		}
	}
	return n
}

// segment cuts the next datagram off d.
func (r *receiver) segment(d *offload.Datagrams) []byte {
	rest := d.Buffer[r.offset:]
	if len(rest) > d.SegmentSize {
		r.offset += d.SegmentSize
		return rest[:d.SegmentSize]
	}
	r.next++
	r.offset = 0
	return rest
}

// fillRelayed gives out datagrams that came inside the control connection, or
// at a session's own socket.
func (r *receiver) fillRelayed(messages []ipv4.Message) int {
	n := 0
	for n < len(messages) && r.socket.relayed.take(&messages[n]) {
		n++
	}
	r.queued += n
	return n
}

// put writes one QUIC packet as quic-go reads it. The caller has checked that
// it fits.
func put(m *ipv4.Message, x *Session, packet []byte, ecn uint8) {
	m.N = copy(m.Buffers[0], packet)
	m.NN = putECN(m.OOB, ecn)
	m.Addr = x.addr
}

// receive reads the next batch from the socket, or returns without one when
// something else has come up. Its error means that quic-go is closing, or that
// the socket is closed.
func (r *receiver) receive() error {
	count, err := r.socket.conn.ReadBatch(r.batch)
	if err == nil {
		r.next, r.count, r.offset = 0, count, 0
		return nil
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		woken, clearErr := r.socket.reading.clear()
		if woken {
			return clearErr
		}
		return err
	case errors.Is(err, net.ErrClosed):
		return err
	default:
		// The system may report trouble that passes (ENOBUFS, ENETDOWN); for
		// quic-go any error would be the end of every connection.
		r.socket.config.Logger.Warn().Err(err).Msg("read failed, retrying")
		time.Sleep(readRetryDelay)
		return nil
	}
}

// demultiplex hands a datagram to whom it is for. It returns the session and
// the packet when that is quic-go; packet aliases datagram.
func (s *Socket) demultiplex(datagram []byte, from netip.AddrPort) (x *Session, packet []byte) {
	switch wire.Classify(datagram) {
	case wire.DatagramQUIC:
		return s.receiveDirect(datagram, from)
	case wire.DatagramRelay:
		return s.receiveRelayed(datagram, from)
	case wire.DatagramProbe, wire.DatagramProbeReply:
		s.receiveProbe(datagram, from)
	case wire.DatagramBindingResponse:
		s.receiveAccept(datagram, from)
	case wire.DatagramClassic:
		s.receiveClassic(datagram, from)
	default:
		s.counters.junk.Add(1)
	}
	return nil, nil
}

// receiveDirect takes a QUIC packet from a claimed endpoint. Others are
// dropped, so that a stranger cannot even begin a handshake.
func (s *Socket) receiveDirect(packet []byte, from netip.AddrPort) (*Session, []byte) {
	if len(packet) > maxQUICPacket {
		s.counters.junk.Add(1)
		return nil, nil
	}
	x := s.registry.byEndpoint(from)
	if x == nil {
		s.counters.unknownSource.Add(1)
		if at := s.registry.byPath(from.Addr()); at != nil {
			at.strayed(0, from, packet)
		}
	}
	return x, packet
}

// receiveRelayed takes a relay frame from the rendezvous, and only from there:
// anyone can write a session id.
func (s *Socket) receiveRelayed(frame []byte, from netip.AddrPort) (*Session, []byte) {
	if relay := s.relay.Load(); relay == nil || *relay != from {
		s.counters.foreignRelay.Add(1)
		return nil, nil
	}
	session, payload, ok := wire.ParseRelayHeader(frame)
	if !ok {
		s.counters.junk.Add(1)
		return nil, nil
	}
	x := s.registry.byID(session)
	if x == nil {
		s.counters.unknownSession.Add(1)
		return nil, nil
	}
	if !x.receive(0, payload, throughRelay) {
		return nil, nil
	}
	return x, payload
}

// receiveProbe feeds a probe or reply to the engine it names, which checks
// whether it is authentic.
func (s *Socket) receiveProbe(datagram []byte, from netip.AddrPort) {
	session, _ := wire.ProbeSession(datagram)
	x := s.registry.byID(session)
	if x == nil {
		s.counters.unknownSession.Add(1)
		return
	}
	x.step(punch.Received{From: from, Datagram: datagram})
}

func (s *Socket) receiveAccept(datagram []byte, from netip.AddrPort) {
	accept, err := wire.ParseAccept(datagram)
	if err != nil || !s.logins.accepted(from, accept) {
		s.counters.forgedAccept.Add(1)
	}
}

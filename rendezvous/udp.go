package rendezvous

import (
	"errors"
	"net"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// receiveBatch is how many super-buffers one socket reads at once: 512 KiB of
// buffers per socket.
const receiveBatch = 8

// A udpSocket is one of the sockets that answer logins and relay. Those of one
// port share it; the kernel spreads the flows over them. An answer leaves from
// the socket and the address that got the question.
type udpSocket struct {
	conn *offload.Conn
	port port
	// scratch is the answer being written. Only the socket's reader uses it.
	scratch [wire.LoginSize]byte
}

// readDatagrams serves one socket until it is closed.
func (s *Server) readDatagrams(socket *udpSocket) {
	batch := make([]offload.Datagrams, receiveBatch)
	for i := range batch {
		batch[i].Buffer = make([]byte, offload.BufferSize)
	}
	for {
		n, err := socket.conn.ReadBatch(batch)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.counters.receiveErrors.Add(1)
			continue
		}
		now := time.Now()
		for i := range batch[:n] {
			s.receive(socket, &batch[i], now)
		}
	}
}

func (s *Server) receive(socket *udpSocket, d *offload.Datagrams, now time.Time) {
	if socket.port == mainPort && wire.Classify(d.Buffer) == wire.DatagramRelay {
		s.relayDatagrams(socket, d, now)
		return
	}
	for datagram := range d.Segments() {
		s.answer(socket, datagram, d, now)
	}
}

// answer answers one datagram that is a Login or a plain Binding request.
// Everything else is counted and dropped: nothing is ever sent to an address
// that has not asked, and nothing larger than the question but under a limit.
func (s *Server) answer(socket *udpSocket, datagram []byte, d *offload.Datagrams, now time.Time) {
	if login, err := wire.ParseLogin(datagram); err == nil {
		s.accept(socket, login, d, now)
		return
	}
	request, err := wire.ParseBindingRequest(datagram)
	if unknown, ok := errors.AsType[wire.UnknownAttributesError](err); ok && s.bindings.allow(d.From.Addr(), now) {
		s.counters.bindings.Add(1)
		_ = socket.conn.WriteFrom(d.Local, unknown.Append(socket.scratch[:0]), 0, 0, d.From)
		return
	}
	if err != nil {
		s.counters.datagramsDropped.Add(1)
		return
	}
	s.answerBinding(socket, request, d, now)
}

// accept answers a Login. It keeps no state: the cookie is all there is to
// remember, and the peer remembers it.
func (s *Server) accept(socket *udpSocket, login wire.Login, d *offload.Datagrams, now time.Time) {
	answer := wire.Accept{
		TransactionID: login.TransactionID,
		Observed:      d.From,
		ControlPort:   s.controlPort,
		OtherPort:     s.otherPort,
		Cookie:        s.cookies.bake(socket.port, d.From, now),
	}
	s.counters.logins.Add(1)
	if socket.port == mainPort {
		s.relay.heard(d.From, d.Local, now)
	}
	_ = socket.conn.WriteFrom(d.Local, answer.Append(socket.scratch[:0]), 0, 0, d.From)
}

// answerBinding answers a standard STUN client, from the other port if it asks
// for that (RFC 5780 section 6.1). We have one address: a request to answer
// from another gets nothing, as if a NAT had filtered it.
func (s *Server) answerBinding(socket *udpSocket, request wire.BindingRequest, d *offload.Datagrams, now time.Time) {
	if request.Change.Address || !s.bindings.allow(d.From.Addr(), now) {
		s.counters.datagramsDropped.Add(1)
		return
	}
	s.counters.bindings.Add(1)
	from := socket
	if request.Change.Port {
		from = s.socketOf(otherPort - socket.port)
	}
	answer := wire.BindingResponse{TransactionID: request.TransactionID, Observed: d.From}
	_ = from.conn.WriteFrom(d.Local, answer.Append(socket.scratch[:0]), 0, 0, d.From)
}

// socketOf returns a socket of the given port.
func (s *Server) socketOf(p port) *udpSocket {
	if p == mainPort {
		return s.udp[0]
	}
	return s.udp[len(s.udp)-1]
}

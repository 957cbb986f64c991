package rendezvous

import (
	"errors"
	"net"
	"net/netip"
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
	conn  *offload.Conn
	port  port
	bound netip.Addr // zero: all of this host's addresses
	// observing sockets, at a second address, relay nothing.
	observing bool
	// scratch is the answer being written. Only the socket's reader uses it.
	scratch [wire.LoginSize]byte
}

// asked returns our address that d was sent to; the zero Addr where the system
// does not tell.
func (u *udpSocket) asked(d *offload.Datagrams) netip.Addr {
	if u.bound.IsValid() {
		return u.bound
	}
	return d.Local
}

// send sends an answer from local, which must be u's if u is bound to one.
func (u *udpSocket) send(local netip.Addr, answer []byte, to netip.AddrPort) {
	if u.bound.IsValid() {
		local = netip.Addr{} // the system's choice is this one, and costs less
	}
	_ = u.conn.WriteFrom(local, answer, 0, 0, to) // a lost answer: the peer asks again
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
	if socket.port == mainPort && !socket.observing && wire.Classify(d.Buffer) == wire.DatagramRelay {
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
	if unknown, ok := errors.AsType[wire.UnknownAttributesError](err); ok && s.mayAnswer(d.From.Addr(), now) {
		s.counters.bindings.Add(1)
		socket.send(socket.asked(d), unknown.Append(socket.scratch[:0]), d.From)
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
	asked := socket.asked(d)
	by := observer{socket.port, s.addresses.isSecond(asked)}
	if login.ResponsePort != 0 {
		s.acceptElsewhere(socket, login, d, now)
		return
	}
	if by.port == mainPort {
		s.relay.heard(by, d.From, asked, now)
	}
	from, local := s.changed(socket, asked, login.Change)
	if from == nil {
		s.counters.datagramsDropped.Add(1)
		return
	}
	s.counters.logins.Add(1)
	answer := wire.Accept{
		TransactionID: login.TransactionID,
		Observed:      d.From,
		ControlPort:   s.controlPort,
		OtherPort:     s.otherPort,
		OtherAddr:     s.addresses.other(asked),
		Cookie:        s.cookies.bake(by, d.From, now),
	}
	from.send(local, answer.Append(socket.scratch[:0]), d.From)
}

// acceptElsewhere answers a Login at another port of the address that it comes
// from, which shows the peer whether its NAT still has a mapping there. It does
// so from the second address only, since a router that bans whoever surprises it
// must not ban the first, and under the limit of plain STUN, since whoever has
// that port has not asked. No cookie: it would certify the endpoint of one to
// whoever has the other.
func (s *Server) acceptElsewhere(socket *udpSocket, login wire.Login, d *offload.Datagrams, now time.Time) {
	asked := socket.asked(d)
	if !s.addresses.isSecond(asked) || login.Change != (wire.Change{}) || !s.mayAnswer(d.From.Addr(), now) {
		s.counters.datagramsDropped.Add(1)
		return
	}
	s.counters.bindings.Add(1)
	answer := wire.Accept{
		TransactionID: login.TransactionID,
		Observed:      d.From,
		ControlPort:   s.controlPort,
		OtherPort:     s.otherPort,
		OtherAddr:     s.addresses.other(asked),
	}
	socket.send(asked, answer.Append(socket.scratch[:0]), netip.AddrPortFrom(d.From.Addr(), login.ResponsePort))
}

// answerBinding answers a standard STUN client. One that wants the answer from an
// address that we do not have gets none, as if a NAT had filtered it.
func (s *Server) answerBinding(socket *udpSocket, request wire.BindingRequest, d *offload.Datagrams, now time.Time) {
	asked := socket.asked(d)
	from, local := s.changed(socket, asked, request.Change)
	to := d.From
	if request.ResponsePort != 0 {
		to = netip.AddrPortFrom(to.Addr(), request.ResponsePort)
	}
	// As in acceptElsewhere: nobody is surprised by the first address.
	surprise := to != d.From && !s.addresses.isSecond(local)
	if from == nil || surprise || !s.mayAnswer(d.From.Addr(), now) {
		s.counters.datagramsDropped.Add(1)
		return
	}
	s.counters.bindings.Add(1)
	answer := wire.BindingResponse{TransactionID: request.TransactionID, Observed: d.From}
	if other := s.addresses.other(asked); other.IsValid() {
		answer.Origin = netip.AddrPortFrom(local, s.number(from.port))
		answer.Other = netip.AddrPortFrom(other, s.number(otherPort-socket.port))
	}
	from.send(local, answer.Append(socket.scratch[:0]), to)
}

// changed returns what to answer a question with that socket got at the address
// asked: itself and that, or what a CHANGE-REQUEST (RFC 5780 section 6.1) makes of
// them. The socket is nil when there is no other address.
func (s *Server) changed(socket *udpSocket, asked netip.Addr, change wire.Change) (*udpSocket, netip.Addr) {
	p, local := socket.port, asked
	if change.Port {
		p = otherPort - p
	}
	if change.Address {
		if local = s.addresses.other(asked); !local.IsValid() {
			return nil, local
		}
	}
	if change == (wire.Change{}) {
		return socket, local
	}
	return s.at(p, local), local
}

// number returns the number of one of our UDP ports.
func (s *Server) number(p port) uint16 { return s.controlPort + uint16(p) }

package socket

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"peerd/internal/offload"
	"peerd/punch"
	"peerd/wire"
)

// An auxiliary is a UDP socket of one session, for a NAT that a single socket
// does not get through. There may be hundreds, of which one becomes the path
// and the others never receive anything: so none has a buffer of its own.
//
//	kernel ──wait──▶ readBatches ──▶ probes and replies: the engine
//	                 (shared)    ──▶ Accept: punch.Observed
//	                             ──▶ QUIC: relayedQueue, quic-go's reader
type auxiliary struct {
	session *Session
	id      punch.SocketID
	conn    datagramConn
	// login is the transaction id of every login from here: a repeated one is a
	// retransmission, and the answer to either is an answer to both.
	login wire.TransactionID
	// server is the rendezvous that was asked; nil: none yet.
	server atomic.Pointer[netip.AddrPort]
}

// own returns the session's socket with this number. It opens a UDP socket for
// a number that is new; nil when there is none, or no more.
func (x *Session) own(id punch.SocketID) outlet {
	own, used := x.outlets.find(id)
	if used {
		return own
	}
	opened, err := x.openAuxiliary(id)
	if err != nil {
		x.socket.config.Logger.Debug().Err(err).Stringer("session", x.id).Msg("no auxiliary socket")
		if x.outlets.add(id, nil) {
			x.step(punch.SocketLost{Socket: id})
		}
		return nil
	}
	return opened
}

// openAuxiliary opens a socket and begins to read from it.
func (x *Session) openAuxiliary(id punch.SocketID) (*auxiliary, error) {
	conn, err := x.socket.open(x.socket.bound.Addr())
	if err != nil {
		return nil, fmt.Errorf("open auxiliary UDP socket: %w", err)
	}
	a := &auxiliary{session: x, id: id, conn: conn}
	rand.Read(a.login[:]) // never fails: crypto/rand ends the program instead
	if !x.outlets.add(id, a) || !x.socket.begin(a.read) {
		a.close()
		return nil, fmt.Errorf("open auxiliary UDP socket: %w", net.ErrClosed)
	}
	return a, nil
}

// openUDP opens a UDP socket on a free port of host, which is unspecified for
// every address.
func openUDP(host netip.Addr) (datagramConn, error) {
	udp, err := listenUDP(net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)))
	if err != nil {
		return nil, err
	}
	return offload.New(udp), nil
}

func (a *auxiliary) write(datagrams []byte, segmentSize int, ecn uint8, to netip.AddrPort, ttl int) {
	a.session.socket.writeTo(a.conn, datagrams, segmentSize, ecn, to, ttl)
}

func (a *auxiliary) close() { a.conn.Close() }

// read takes what comes until the socket is closed.
func (a *auxiliary) read() {
	defer a.session.lose(a.id)
	carries := false
	for a.conn.Wait() == nil {
		packets, err := a.receive()
		if err != nil {
			return
		}
		if packets > 0 && !carries {
			carries = true
			a.enlarge()
		}
	}
}

// enlarge readies the socket for the rate of a path. Until then a burst that
// strangers send to hundreds of sockets must not fill the kernel's memory.
func (a *auxiliary) enlarge() {
	// A smaller buffer than wanted loses bursts; the main socket's was logged.
	_ = a.conn.SetReadBuffer(wantedReceiveBuffer)
	_ = a.conn.SetWriteBuffer(wantedReceiveBuffer)
}

// receive reads once, and returns how many packets went to QUIC.
func (a *auxiliary) receive() (packets int, err error) {
	s := a.session.socket
	batch, err := s.batches.get(s.lifetime)
	if err != nil {
		return 0, err
	}
	defer s.batches.put(batch)
	n, err := a.conn.ReadBatch(batch[:])
	if err != nil {
		return 0, err
	}
	for i := range batch[:n] {
		d := &batch[i]
		for datagram := range d.Segments() {
			if !a.isPacket(datagram, d.From) {
				continue
			}
			s.deliver(a.session, datagram, d.ECN)
			packets++
		}
	}
	if packets > 0 {
		s.wakeReader()
	}
	return packets, nil
}

// isPacket takes one datagram, or reports that it is QUIC's.
func (a *auxiliary) isPacket(datagram []byte, from netip.AddrPort) bool {
	if wire.Classify(datagram) == wire.DatagramBindingResponse {
		a.accepted(datagram, from)
		return false
	}
	return a.session.receive(a.id, datagram, from)
}

// accepted takes the answer to our login.
func (a *auxiliary) accepted(datagram []byte, from netip.AddrPort) {
	accept, err := wire.ParseAccept(datagram)
	server := a.server.Load()
	if err != nil || server == nil || *server != from || accept.TransactionID != a.login {
		a.session.socket.counters.forgedAccept.Add(1)
		return
	}
	a.session.step(punch.Observed{Socket: a.id, Endpoint: accept.Observed})
}

// sendLogin asks the rendezvous where it sees an auxiliary socket. The answer
// may never come: then the engine asks again. The main socket and TCP have
// logins of their own.
func (x *Session) sendLogin(id punch.SocketID) {
	server := x.socket.rendezvous.Load()
	if server == nil || !x.socket.governor.mayOpen(x.flow(id, *server)) {
		return
	}
	if a, ok := x.own(id).(*auxiliary); ok {
		a.server.Store(server)
		a.write(wire.Login{TransactionID: a.login}.Append(nil), 0, 0, *server, 0)
	}
}

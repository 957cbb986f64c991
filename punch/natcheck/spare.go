package natcheck

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"time"

	"peerd/wire"
)

// A spare is a socket of ours that exists for one measurement. It is for one
// goroutine at a time, and closes with the measurement's context.
type spare struct {
	conn  *net.UDPConn
	local netip.AddrPort
	stop  func() bool
}

func openSpare(ctx context.Context, config Config) (*spare, error) {
	listen := config.Listen
	if listen == nil {
		listen = func() (*net.UDPConn, error) { return listenTowards(config.Server) }
	}
	conn, err := listen()
	if err != nil {
		return nil, err
	}
	s := &spare{conn: conn, local: unmapped(conn.LocalAddr().(*net.UDPAddr).AddrPort())}
	s.stop = context.AfterFunc(ctx, func() { conn.Close() })
	return s, nil
}

// listenTowards binds a socket to the address that the system sends from towards
// server. Connecting a UDP socket asks the routing table and sends nothing.
func listenTowards(server netip.AddrPort) (*net.UDPConn, error) {
	route, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return nil, err
	}
	from := unmapped(route.LocalAddr().(*net.UDPAddr).AddrPort())
	route.Close()
	return net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from.Addr(), 0)))
}

func (s *spare) close() {
	s.stop()
	s.conn.Close()
}

// A question is a Login and, as soon as there is one, its answer.
type question struct {
	to     netip.AddrPort
	login  wire.Login
	accept wire.Accept
	from   netip.AddrPort // of the answer; the zero AddrPort: none yet
	sentAt time.Time      // first
}

func ask(to netip.AddrPort, change wire.Change) *question {
	q := &question{to: to, login: wire.Login{Change: change}}
	rand.Read(q.login.TransactionID[:]) // never fails: crypto/rand ends the program instead
	return q
}

func (q *question) answered() bool { return q.from.IsValid() }

// observed is where the answer says that the socket was seen; the zero AddrPort
// if there was none.
func (q *question) observed() netip.AddrPort { return q.accept.Observed }

// repeats are the times after the first one at which an unanswered question is
// sent again.
var repeats = [...]time.Duration{
	75 * time.Millisecond,
	200 * time.Millisecond,
	400 * time.Millisecond,
	700 * time.Millisecond,
}

// send sends a question once. An error is a loss like any other: what matters
// is whether there is an answer.
func (s *spare) send(q *question) {
	if q.sentAt.IsZero() {
		q.sentAt = time.Now()
	}
	_, _ = s.conn.WriteToUDPAddrPort(q.login.Append(nil), q.to)
}

// ask asks all questions, again and again, until all are answered or patience
// is over, and reports whether they are.
func (s *spare) ask(patience time.Duration, questions ...*question) bool {
	start := time.Now()
	for attempt := 0; ; attempt++ {
		for _, q := range questions {
			if !q.answered() {
				s.send(q)
			}
		}
		next := patience
		if attempt < len(repeats) {
			next = min(next, repeats[attempt])
		}
		if s.await(start.Add(next), questions...) {
			return true
		}
		if next == patience {
			return false
		}
	}
}

// await reads answers until every question has one, or until the deadline.
func (s *spare) await(deadline time.Time, questions ...*question) bool {
	return s.receive(deadline, func(datagram []byte, from netip.AddrPort) (done bool) {
		accept, err := wire.ParseAccept(datagram)
		if err != nil {
			return false
		}
		missing := 0
		for _, q := range questions {
			if !q.answered() && accept.TransactionID == q.login.TransactionID {
				q.accept, q.from = accept, from
			}
			if !q.answered() {
				missing++
			}
		}
		return missing == 0
	})
}

// receive hands datagrams to take until that is done, and reports whether it
// was for one that had come by the deadline.
func (s *spare) receive(deadline time.Time, take func(datagram []byte, from netip.AddrPort) (done bool)) bool {
	buffer := make([]byte, wire.LoginSize+1)
	return s.look(deadline, func() (done bool) {
		for {
			n, from, err := s.conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return false
			}
			if take(buffer[:n], unmapped(from)) {
				return true
			}
		}
	})
}

const (
	// lastLook is how long a socket is read after a deadline. Package net reads
	// nothing when a deadline has passed, so what came in time would be lost whenever
	// this program stood still meanwhile, and a NAT be taken for one that lets nothing
	// in. Shorter is over before it begins, on a machine with something to do; longer
	// makes every wait in vain longer.
	lastLook = 5 * time.Millisecond
	// lastLooks bounds how often the last look is repeated, on a machine that never
	// stops standing still.
	lastLooks = 20
)

// look calls read, which ends at the deadline if not before, and has it look for what
// had come by then. It reports whether read is done.
func (s *spare) look(deadline time.Time, read func() (done bool)) bool {
	for looks := 0; looks <= lastLooks; looks++ {
		if s.conn.SetReadDeadline(deadline) != nil {
			return false // closed
		}
		if read() {
			return true
		}
		now := time.Now()
		if looks > 0 && now.Sub(deadline) < lastLook { // else it stood still again
			return false
		}
		deadline = now.Add(lastLook)
	}
	return false
}

func unmapped(endpoint netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(endpoint.Addr().Unmap(), endpoint.Port())
}

//go:build linux

package natlab_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"peerd/internal/natlab"
)

// Hang guards and patience. answerTime is how long a packet may take through a busy machine before it counts as lost.
const (
	hangGuard  = 20 * time.Second
	answerTime = 300 * time.Millisecond
)

// A server answers every datagram with the address it came from, as STUN does.
type server struct {
	t    *testing.T
	conn *net.UDPConn
}

func startServer(t *testing.T, host *natlab.Host, port uint16) *server {
	t.Helper()
	s := &server{t, host.ListenUDP(port)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			_, from, err := s.conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			_, _ = s.conn.WriteToUDPAddrPort([]byte(from.String()), from)
		}
	}()
	t.Cleanup(func() {
		s.conn.Close()
		<-done
	})
	return s
}

func (s *server) addr() netip.AddrPort { return local(s.conn) }

// observed returns conn's address as the server sees it, and fails the test if there is no answer.
func (s *server) observed(conn *net.UDPConn) netip.AddrPort {
	s.t.Helper()
	for range 5 {
		send(s.t, conn, s.addr(), "who am I")
		if text, _, ok := receive(s.t, conn); ok {
			return netip.MustParseAddrPort(text)
		}
	}
	s.t.Fatalf("no answer from %v to %v", s.addr(), local(conn))
	return netip.AddrPort{}
}

func local(conn *net.UDPConn) netip.AddrPort {
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func send(t *testing.T, conn *net.UDPConn, to netip.AddrPort, text string) {
	t.Helper()
	if _, err := conn.WriteToUDPAddrPort([]byte(text), to); err != nil {
		t.Fatalf("send from %v to %v: %v", local(conn), to, err)
	}
}

// receive returns the next datagram, false if there is none in time.
func receive(t *testing.T, conn *net.UDPConn) (text string, from netip.AddrPort, ok bool) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(answerTime)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1500)
	n, from, err := conn.ReadFromUDPAddrPort(buffer)
	return string(buffer[:n]), from, err == nil
}

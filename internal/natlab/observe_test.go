//go:build linux

package natlab_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"peerd/internal/natlab"
)

const (
	hangGuard = 20 * time.Second       // for what must happen
	quietTime = 300 * time.Millisecond // for what must not: too short can hide a failure, but not make one up
)

// patience is how long to wait for something that is, or is not, expected.
func patience(expected bool) time.Duration {
	if expected {
		return hangGuard
	}
	return quietTime
}

// A server answers every datagram with its text and the address it came from, as STUN does.
type server struct {
	t    *testing.T
	conn *net.UDPConn
}

func startServer(t *testing.T, host *natlab.Host, port uint16) *server {
	t.Helper()
	return startServerAt(t, host, host.AddrPort(port))
}

func startServerAt(t *testing.T, host *natlab.Host, addr netip.AddrPort) *server {
	t.Helper()
	s := &server{t, host.ListenUDPAt(addr)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			n, from, err := s.conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			answer := fmt.Sprintf("%s %v", buffer[:n], from)
			_, _ = s.conn.WriteToUDPAddrPort([]byte(answer), from)
		}
	}()
	t.Cleanup(func() {
		s.conn.Close()
		<-done
	})
	return s
}

func (s *server) addr() netip.AddrPort { return local(s.conn) }

// observed returns conn's address as the server sees it.
func (s *server) observed(conn *net.UDPConn) netip.AddrPort {
	s.t.Helper()
	addr, ok := s.ask(conn, hangGuard)
	if !ok {
		s.t.Fatalf("no answer from %v to %v", s.addr(), local(conn))
	}
	return addr
}

// ask asks once for conn's address as the server sees it. Only the answer to this question counts.
func (s *server) ask(conn *net.UDPConn, timeout time.Duration) (addr netip.AddrPort, ok bool) {
	s.t.Helper()
	question := rand.Text()
	send(s.t, conn, s.addr(), question)
	deadline := time.Now().Add(timeout)
	for {
		text, _, ok := receive(s.t, conn, deadline)
		if !ok {
			return netip.AddrPort{}, false
		}
		if answer, found := strings.CutPrefix(text, question+" "); found {
			return netip.MustParseAddrPort(answer), true
		}
	}
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
func receive(t *testing.T, conn *net.UDPConn, deadline time.Time) (text string, from netip.AddrPort, ok bool) {
	t.Helper()
	if err := conn.SetReadDeadline(deadline); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1500)
	n, from, err := conn.ReadFromUDPAddrPort(buffer)
	return string(buffer[:n]), from, err == nil
}

// hears reports whether conn receives this text from this address in time. Anything else is ignored.
func hears(t *testing.T, conn *net.UDPConn, from netip.AddrPort, text string, timeout time.Duration) bool {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for {
		gotText, gotFrom, ok := receive(t, conn, deadline)
		if !ok {
			return false
		}
		if gotText == text && gotFrom == from {
			return true
		}
	}
}

// eventually waits for a condition to become true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hangGuard); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, hangGuard)
		}
	}
}

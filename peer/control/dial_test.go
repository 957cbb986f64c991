package control

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"

	"github.com/libp2p/go-reuseport"

	"peerd/wire"
)

// TestTheLocalPortCanBeUsedAgain proves that a connection to somebody else can
// leave from the port of the control connection while that is open, if nobody else
// has that port.
func TestTheLocalPortCanBeUsedAgain(t *testing.T) {
	self, server := newIdentity(t), newIdentity(t)
	rendezvous, err := tls.Listen("tcp", "127.0.0.1:0", server.ServerTLS(wire.ControlProtocol))
	if err != nil {
		t.Fatal(err)
	}
	defer rendezvous.Close()
	accepted := make(chan error, 1)
	go func() {
		conn, err := rendezvous.Accept()
		if err == nil {
			defer conn.Close()
			err = errors.Join(conn.(*tls.Conn).Handshake(), conn.(*tls.Conn).CloseWrite())
		}
		accepted <- err
	}()
	// A port that the system chooses for a connection may be another program's too, on
	// its way to somebody else, and then it cannot be used again.
	sharing := net.ListenConfig{Control: reuseport.Control}
	ours, err := sharing.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	c, err := dialFrom(t.Context(), ours.Addr(), rendezvous.Addr().String(), self.ClientTLS(wire.ControlProtocol, server.Key()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}

	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	again := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(c.LocalAddr()), Control: reuseport.Control}
	conn, err := again.DialContext(t.Context(), "tcp", peer.Addr().String())
	if err != nil {
		t.Fatalf("a second connection from %v: %v", c.LocalAddr(), err)
	}
	conn.Close()
}

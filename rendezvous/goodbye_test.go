package rendezvous

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerd/wire"
)

// Closing a connection with unread bytes in it makes TCP drop what has not reached the
// peer yet. A member that has much to read, and does not stop talking, is told why it
// has to go all the same.
func TestGoodbyeReachesAMemberThatDoesNotStopTalking(t *testing.T) {
	s := startPatient(t) // or what alice has not read in lingerTimeout is lost
	alice := newClient(t, s)
	conn := loginUnread(t, alice)

	s.hub.mu.Lock()
	connection := s.hub.online[alice.key()]
	s.hub.mu.Unlock()
	for range maxRelayBacklog / wire.MaxRelayedDatagram / 2 { // more than its window takes
		_ = connection.send(wire.Relay{Payload: make([]byte, wire.MaxRelayedDatagram)})
	}
	frame, _ := wire.AppendFrame(nil, wire.Relay{Payload: make([]byte, wire.MaxRelayedDatagram)})
	var talking sync.WaitGroup
	defer talking.Wait()
	defer conn.NetConn().Close()
	talking.Go(func() {
		for {
			if _, err := conn.Write(frame); err != nil {
				return
			}
		}
	})
	waitUntil(t, "the member talks", func() bool { return s.counters.relayForeign.Load() > 100 })
	if _, err := s.Kick(alice.key(), "too loud"); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the goodbye is on its way", func() bool {
		connection.outbox.mu.Lock()
		defer connection.outbox.mu.Unlock()
		return !connection.writing
	})
	buffer := make([]byte, wire.MaxBody)
	for {
		kind, _, err := wire.ReadFrame(conn, buffer)
		if err != nil {
			t.Fatalf("no goodbye came: %v", err)
		}
		if kind == wire.KindGoodbye {
			return
		}
	}
}

// loginUnread logs a new member in on a connection that nobody reads after the Welcome.
func loginUnread(t *testing.T, c *client) *tls.Conn {
	t.Helper()
	raw, err := net.Dial("tcp", c.at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	_ = raw.(*net.TCPConn).SetReadBuffer(32 << 10)
	_ = raw.SetDeadline(time.Now().Add(hangGuard))
	conn := tls.Client(raw, c.self.ClientTLS(wire.ControlProtocol, c.server.Key()))
	frame, err := wire.AppendFrame(nil, wire.Hello{
		Version: wire.VersionFor(nil), Name: "alice", Token: token(t, c.server, 1), Instance: c.instance,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(frame); err != nil {
		t.Fatal(err)
	}
	if kind, _, err := wire.ReadFrame(conn, nil); kind != wire.KindWelcome || err != nil {
		t.Fatalf("%v instead of a welcome (%v)", kind, err)
	}
	return conn
}

// After a goodbye nothing that the peer says is dealt with, and who does not hang up is
// hung up on.
func TestNothingIsHeardAfterAGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer, wait := pipe(t)
		frame, _ := wire.AppendFrame(nil, wire.Ping{Nonce: 1})
		var peers sync.WaitGroup
		defer peers.Wait()
		peers.Go(func() {
			for {
				if _, err := peer.Write(frame); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
		peers.Go(func() { _, _ = io.Copy(io.Discard, peer) })
		heard := 0
		var start time.Time
		err := c.frames(func(wire.Kind, []byte) error {
			if heard++; heard == 3 {
				start = time.Now()
				c.goodbye(wire.Goodbye{Reason: "enough"})
			}
			return nil
		})
		c.hangUp()
		if !errors.Is(err, errSaidGoodbye) || heard != 3 {
			t.Errorf("%d frames were heard, the last 3 before the goodbye (%v)", heard, err)
		}
		if took := time.Since(start); took != lingerTimeout {
			t.Errorf("the peer was hung up on after %v, want %v", took, lingerTimeout)
		}
		wait()
	})
}

// Who hangs up is not waited for, and who is idle is not heard either.
func TestGoodbyeToAnIdlePeerEndsWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer, wait := pipe(t)
		ended := make(chan error)
		go func() {
			err := c.frames(func(wire.Kind, []byte) error { return nil })
			c.hangUp()
			ended <- err
		}()
		synctest.Wait()
		start := time.Now()
		c.goodbye(wire.Goodbye{Reason: "good night"})
		if kind, _, err := wire.ReadFrame(peer, nil); kind != wire.KindGoodbye || err != nil {
			t.Fatalf("%v instead of a goodbye (%v)", kind, err)
		}
		time.Sleep(lingerTimeout / 10) // a round trip
		_ = peer.NetConn().Close()
		<-ended
		if took := time.Since(start); took != lingerTimeout/10 {
			t.Errorf("the connection ended after %v", took)
		}
		wait()
	})
}

package control

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"peerd/internal/identity"
	"peerd/wire"
)

// connect returns a connection and the rendezvous' end of it.
func connect(t *testing.T) (*Conn, *tls.Conn) {
	t.Helper()
	self, server := newIdentity(t), newIdentity(t)
	ours, theirs := net.Pipe()
	rendezvous := tls.Server(theirs, server.ServerTLS(wire.ControlProtocol))
	client := tls.Client(ours, self.ClientTLS(wire.ControlProtocol, server.Key()))
	shaken := make(chan error, 1)
	go func() { shaken <- rendezvous.Handshake() }()
	if err := errors.Join(client.Handshake(), <-shaken); err != nil {
		t.Fatal(err)
	}
	return newConn(client), rendezvous
}

func newIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

func write(t *testing.T, w io.Writer, m wire.Message) {
	t.Helper()
	frame, err := wire.AppendFrame(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(frame); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, r io.Reader) wire.Message {
	t.Helper()
	kind, body, err := wire.ReadFrame(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Parse(kind, body)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLoginReturnsARefusalAsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous := connect(t)
		defer rendezvous.Close()
		defer c.Close()
		answered := make(chan error, 1)
		go func() {
			_, err := c.Login(wire.Hello{Version: wire.Version, Instance: wire.Instance{1}})
			answered <- err
		}()
		if _, ok := read(t, rendezvous).(wire.Hello); !ok {
			t.Fatal("the first message is not Hello")
		}
		write(t, rendezvous, wire.Refused{Code: wire.RefusedNameTaken})
		if refused, ok := errors.AsType[wire.Refused](<-answered); !ok || refused.Code != wire.RefusedNameTaken {
			t.Errorf("login did not return the refusal")
		}
	})
}

func TestPingsAreAnsweredAndNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous := connect(t)
		defer rendezvous.Close()
		defer c.Close()
		received := make(chan wire.Message, 1)
		go func() {
			m, _ := c.Receive()
			received <- m
		}()
		write(t, rendezvous, wire.Ping{Nonce: 7})
		if pong, ok := read(t, rendezvous).(wire.Pong); !ok || pong.Nonce != 7 {
			t.Errorf("answer to the ping is %v", pong)
		}
		write(t, rendezvous, wire.Goodbye{Reason: "restart"})
		if goodbye, ok := (<-received).(wire.Goodbye); !ok || goodbye.Reason != "restart" {
			t.Errorf("received %v, want the goodbye", goodbye)
		}
	})
}

// TestStuckRendezvousBreaksTheConnection proves that a rendezvous that reads
// nothing costs dropped datagrams at first and the connection in the end, and
// never blocks the caller for ever.
func TestStuckRendezvousBreaksTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous := connect(t)
		defer rendezvous.Close()
		defer c.Close()
		relayed := wire.Relay{Session: wire.SessionID{1}, Payload: make([]byte, 1200)}
		taken := 0
		for c.TrySend(relayed) {
			if taken++; taken > 10*queueLength {
				t.Fatal("the queue has no end")
			}
		}
		start := time.Now()
		for {
			if err := c.Send(relayed); err != nil {
				if !errors.Is(err, ErrClosed) {
					t.Errorf("send ended with %v, want ErrClosed", err)
				}
				break
			}
		}
		if waited := time.Since(start); waited > writeLimit {
			t.Errorf("broke after %v, want at most %v", waited, writeLimit)
		}
		if _, err := c.Receive(); err == nil {
			t.Error("receive goes on after the connection has broken")
		}
	})
}

func TestLogoutSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rendezvous := connect(t)
		defer rendezvous.Close()
		ended := make(chan error, 1)
		go func() { ended <- c.Logout("shutting down") }()
		if goodbye, ok := read(t, rendezvous).(wire.Goodbye); !ok || goodbye.Reason != "shutting down" {
			t.Errorf("last message is %v, want a goodbye", goodbye)
		}
		if err := <-ended; err != nil {
			t.Errorf("logout: %v", err)
		}
		if err := c.Send(wire.Pong{}); !errors.Is(err, ErrClosed) {
			t.Errorf("send after logout: %v, want ErrClosed", err)
		}
	})
}

func TestLogoutComesBehindWhatIsQueued(t *testing.T) {
	for range 20 { // by chance the writer takes it along
		synctest.Test(t, func(t *testing.T) {
			c, rendezvous := connect(t)
			defer rendezvous.Close()
			first, last := wire.Relay{Payload: []byte("first")}, wire.Relay{Payload: []byte("last words")}
			c.TrySend(first)
			synctest.Wait() // the writer waits for somebody to read
			c.TrySend(last)
			ended := make(chan error, 1)
			go func() { ended <- c.Logout("shutting down") }()
			synctest.Wait()
			for _, want := range []wire.Relay{first, last} {
				if relay, ok := read(t, rendezvous).(wire.Relay); !ok || string(relay.Payload) != string(want.Payload) {
					t.Fatalf("got %v, want the %s", relay, want.Payload)
				}
			}
			if goodbye, ok := read(t, rendezvous).(wire.Goodbye); !ok {
				t.Errorf("last message is %v, want a goodbye", goodbye)
			}
			if err := <-ended; err != nil {
				t.Errorf("logout: %v", err)
			}
		})
	}
}

func TestUnreachableRendezvousIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	held, err := net.Dial("tcp", listener.Addr().String()) // so that nobody else listens at its port
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	address := held.LocalAddr().String()
	_, err = Dial(t.Context(), address, newIdentity(t).ClientTLS(wire.ControlProtocol, wire.Key{1}))
	if err == nil {
		t.Fatal("connected to nobody")
	}
	if want := "connect to rendezvous " + address; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error is %q, want it to begin with %q", err, want)
	}
}

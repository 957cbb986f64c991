package peer

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/peer/api"
	"peerd/peer/control"
	"peerd/wire"
)

// scriptedRendezvous answers every Hello with the same frames and is silent then.
type scriptedRendezvous struct {
	invite invite.Invite
	hellos chan wire.Hello // those that have come
	logins atomic.Int32
}

func startScripted(t *testing.T, answer []byte) *scriptedRendezvous {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &scriptedRendezvous{
		invite: invite.Invite{Address: listener.Addr().String(), Server: self.Key(), Circle: "home", Token: []byte("sixteen byte tok")},
		hellos: make(chan wire.Hello, 16),
	}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { r.serve(tls.Server(raw, self.ServerTLS(wire.ControlProtocol)), answer) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		connections.Wait()
	})
	return r
}

// serve ends when the peer does: daemons are closed before the rendezvous.
func (r *scriptedRendezvous) serve(conn *tls.Conn, answer []byte) {
	defer conn.Close()
	_, body, err := wire.ReadFrame(conn, nil)
	if err != nil {
		return
	}
	hello, err := wire.ParseHello(body)
	if err != nil {
		return
	}
	r.logins.Add(1)
	r.hellos <- hello
	if _, err := conn.Write(answer); err != nil {
		return
	}
	for err == nil {
		_, _, err = wire.ReadFrame(conn, nil)
	}
}

func (r *scriptedRendezvous) startPeer(t *testing.T, name string) *Daemon {
	t.Helper()
	d, err := startWith(t, t.TempDir(), r.invite, func(c *Config) { c.Name = name })
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func frame(t *testing.T, m wire.Message) []byte {
	t.Helper()
	encoded, err := wire.AppendFrame(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// A peer that does not understand its rendezvous says so, to whoever starts it and
// to whoever asks for the status, and leaves it in peace.
func TestT26RendezvousThatRequiresMoreThanWeKnowIsLeft(t *testing.T) {
	r := startScripted(t, frame(t, wire.Welcome{
		Version: wire.MinVersion, Circle: "home", Name: "alice", Observed: netip.MustParseAddrPort("192.0.2.1:1"),
		Requires: []wire.Feature{wire.FeatureWithhold, 7},
	}))
	d := r.startPeer(t, "alice")
	err := d.AwaitOnline((&circle{t: t}).guard())
	if _, ok := errors.AsType[*control.IncompatibleError](err); !ok || !strings.Contains(err.Error(), "requires feature 7") || !strings.HasSuffix(err.Error(), "upgrade peerd") {
		t.Fatalf("login ended with %v", err)
	}
	status, failure := d.Status(t.Context())
	if failure != nil || status.Rendezvous.Why != err.Error() || status.Rendezvous.State == api.RendezvousOnline {
		t.Errorf("status says %+v (%v), want the same reason", status.Rendezvous, failure)
	}
	if pause := pauseAfter(err, firstPause); pause < refusedPause/2 {
		t.Errorf("tries again after %v", pause)
	}
	if n := r.logins.Load(); n != 1 {
		t.Errorf("it has logged in %d times", n)
	}
}

// What goes out before a rendezvous is known must be readable to every one.
func TestT26HelloThatRequiresNothingReachesEveryVersion(t *testing.T) {
	r := startScripted(t, frame(t, wire.Refused{Code: wire.RefusedBusy}))
	r.startPeer(t, "alice")
	select {
	case hello := <-r.hellos:
		if hello.Version != wire.VersionFor(hello.Requires) || len(hello.Requires) == 0 && hello.Version != 1 {
			t.Errorf("the hello of version %d requires %v", hello.Version, hello.Requires)
		}
	case <-time.After(hangGuard):
		t.Fatal("no hello")
	}
}

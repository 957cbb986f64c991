package peer

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/peer/api"
)

// TestADaemonThatStopsTellsItsPeers looks at what ends the connection on the other
// side: word of its peer, or a patience of its own.
func TestADaemonThatStopsTellsItsPeers(t *testing.T) {
	c := newCircle(t)
	alice := c.join("alice")
	for way, row := range map[string]struct {
		name    string
		policy  api.Introduce
		path    api.Path
		prepare func(stopping *Daemon)
	}{
		"directly": {"bob", api.IntroduceCircle, api.PathDirect, func(*Daemon) {}},
		"through the relay, where what goes by UDP gets lost": {"carol", api.IntroduceRelayOnly, api.PathRelay, func(stopping *Daemon) {
			stopping.socket.SetRelay(netip.MustParseAddrPort("127.0.0.1:9"))
		}},
		"inside the control connection": {"dave", api.IntroduceRelayOnly, api.PathRelay, func(stopping *Daemon) {
			stopping.socket.SetRelay(netip.AddrPort{}) // as where UDP is blocked
		}},
	} {
		t.Run(way, func(t *testing.T) {
			stopping := c.joinWith(t, row.policy, row.name)
			c.knows(alice, row.name)
			c.send(alice, row.name, "hello")
			connection := c.connection(alice, stopping)
			c.connection(stopping, alice)
			c.awaitPath(stopping, "alice", row.path)
			row.prepare(stopping)
			if err := stopping.Close(); err != nil {
				t.Fatal(err)
			}
			c.await("the connection ends", func() bool { return connection.Context().Err() != nil })
			if cause := context.Cause(connection.Context()); !isGoodbye(cause) {
				t.Errorf("the connection ended with %v, want a goodbye", cause)
			}
			c.await("the session ends", func() bool { return !alice.isSessionPeer(stopping.Key()) })
		})
	}
}

// connection waits for the connection from a daemon to a peer.
func (c *circle) connection(d, peer *Daemon) (found *quic.Conn) {
	c.t.Helper()
	c.await("session connected", func() bool {
		if s := d.conversation(peer.Key()).currentSession(); s != nil {
			found = s.currentConnection()
		}
		return found != nil
	})
	return found
}

func TestWhatCountsAsTheGoodbyeOfAPeer(t *testing.T) {
	for name, row := range map[string]struct {
		cause error
		want  bool
	}{
		"its daemon closes":                {&quic.ApplicationError{Remote: true, ErrorCode: codeClosed}, true},
		"its listener was closing":         {&quic.TransportError{Remote: true, ErrorCode: quic.ConnectionRefused}, true},
		"ours does":                        {&quic.ApplicationError{ErrorCode: codeClosed}, false},
		"a newer connection replaces it":   {&quic.ApplicationError{Remote: true, ErrorCode: codeReplaced}, false},
		"its QUIC found a mistake of ours": {&quic.TransportError{Remote: true, ErrorCode: quic.ProtocolViolation}, false},
		"nothing came any more":            {&quic.IdleTimeoutError{}, false},
		"our listener was closing":         {&quic.TransportError{ErrorCode: quic.ConnectionRefused}, false},
		"something else":                   {errors.New("else"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := isGoodbye(row.cause); got != row.want {
				t.Errorf("%v: goodbye is %v, want %v", row.cause, got, row.want)
			}
		})
	}
}

func TestHowLongAHandshakeMayGoOn(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(*Daemon, *session)
		want time.Duration
	}{
		"nothing ends it":                    {func(*Daemon, *session) {}, handshakeTimeout},
		"its session ends":                   {func(_ *Daemon, s *session) { s.cancel() }, 0},
		"the daemon closes, so that it must": {func(d *Daemon, _ *session) { d.cancel() }, handshakeGrace},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &Daemon{}
				d.ctx, d.cancel = context.WithCancel(t.Context())
				s := &session{daemon: d}
				s.ctx, s.cancel = context.WithCancel(d.ctx)
				ctx, cancel := s.handshakeContext()
				defer cancel()
				began := time.Now()
				row.end(d, s)
				<-ctx.Done()
				if took := time.Since(began); took != row.want {
					t.Errorf("it went on for %v, want %v", took, row.want)
				}
			})
		})
	}
}

func TestOnlyAConnectionIsKeptForAPeerThatWentOffline(t *testing.T) {
	handshaking, connected := &session{}, &session{connection: &quic.Conn{}}
	if got := handshaking.patienceWithAbsence(); got != handshakePatience {
		t.Errorf("without a connection it is kept for %v", got)
	}
	if got := connected.patienceWithAbsence(); got != absencePatience {
		t.Errorf("with one it is kept for %v", got)
	}
}

func TestTheLogoutWaitsForTheSessionsButNotForEver(t *testing.T) {
	for name, row := range map[string]struct {
		depart bool
		want   time.Duration
	}{
		"they have ended": {true, 0},
		"one is stuck":    {false, departLimit},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &Daemon{}
				d.departed, d.letLogout = context.WithCancel(t.Context())
				if row.depart {
					d.letLogout()
				}
				began := time.Now()
				d.awaitDeparture()
				if took := time.Since(began); took != row.want {
					t.Errorf("waited %v, want %v", took, row.want)
				}
			})
		})
	}
}

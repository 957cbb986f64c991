// Package socket: CONTRACT STUB, its owner replaces this file.
package socket

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/rs/zerolog"

	"peerd/punch"
	"peerd/wire"
)

// Config of a Socket. The callbacks run on the socket's goroutines, must not block and must not call back into Session.Close or Socket.Close.
type Config struct {
	Listen string // ":0"; host may be empty, an IPv4 or IPv6 literal
	Logger zerolog.Logger
	// Observed is called with every Accept that answers a login or keepalive.
	Observed func(server netip.AddrPort, accept wire.Accept)
	// PathChanged is called when a session's path changes (kind, endpoint or doubtfulness).
	PathChanged func(session wire.SessionID, path punch.Path)
	// TalkWanted is called when a session needs a new introduction.
	TalkWanted func(session wire.SessionID)
	// RelayByControl sends one datagram inside the control connection (used when UDP to the rendezvous does not work). Must not block: it may drop.
	RelayByControl func(session wire.SessionID, payload []byte)
}

// Socket is the one UDP socket of a peer.
type Socket struct{}

func Listen(config Config) (*Socket, error) { panic("stub") }

// LocalEndpoints lists the host's usable addresses with the socket's port, most promising first (<= wire.MaxCandidates).
func (s *Socket) LocalEndpoints() []netip.AddrPort { panic("stub") }

// Login asks the rendezvous' UDP port for an Accept, with retransmissions (0, 100, 300, 700 ms, then each second) until ctx ends.
func (s *Socket) Login(ctx context.Context, server netip.AddrPort) (wire.Accept, error) {
	panic("stub")
}

// KeepLoggedIn repeats the login every KeepaliveInterval to keep the router's mapping, from the same socket, until replaced; the zero AddrPort stops it. Answers go to Config.Observed.
func (s *Socket) KeepLoggedIn(server netip.AddrPort) { panic("stub") }

// SetRelay says where relay frames go: the rendezvous' UDP endpoint, or the zero AddrPort for RelayByControl.
func (s *Socket) SetRelay(server netip.AddrPort) { panic("stub") }

// DeliverRelayed hands in a datagram that came inside the control connection. It copies payload.
func (s *Socket) DeliverRelayed(session wire.SessionID, payload []byte) { panic("stub") }

// Transport is the QUIC transport over this socket; its addresses are Session.Addr values.
func (s *Socket) Transport() *quic.Transport { panic("stub") }

// Close ends all sessions and the socket, and waits for its goroutines.
func (s *Socket) Close() error { panic("stub") }

// Open starts a session on the relay; ErrSessionExists when there is one with this id.
func (s *Socket) Open(config punch.Config) (*Session, error) { panic("stub") }

// Session is the driver's side of one session.
type Session struct{}

func (x *Session) Addr() *net.UDPAddr                                          { panic("stub") } // virtual address that names the peer's session
func (x *Session) Introduce(candidates []netip.AddrPort, fireIn time.Duration) { panic("stub") }
func (x *Session) Path() punch.Path                                            { panic("stub") }
func (x *Session) Close()                                                      { panic("stub") }

package socket

import (
	"net/netip"

	"github.com/rs/zerolog"

	"peerd/punch"
	"peerd/wire"
)

// Config of a Socket. Every callback but Classic must be set. Callbacks run on the
// goroutines that read, send and keep time, quic-go's among them, and hold
// them up: they must not block, nor wait for a lock that is held during calls
// into this package or into QUIC, nor call Socket.Close. Those of one session
// come in order.
type Config struct {
	// Listen is where to listen, as "host:port"; the host may be empty (every
	// address, IPv6 and IPv4) or an IP literal, and port 0 takes a free one.
	Listen string
	Logger zerolog.Logger
	// Observed is called with every Accept that answers a login or a keepalive.
	Observed func(server netip.AddrPort, accept wire.Accept)
	// PathChanged is called when a session's path changes: its kind, its
	// endpoint or its doubtfulness.
	PathChanged func(session wire.SessionID, path punch.Path)
	// TalkWanted is called when a session needs a new introduction, in which the
	// peer is to be told of the predicted endpoints if there are any.
	TalkWanted func(session wire.SessionID, predicted []netip.AddrPort)
	// RelayByControl sends one datagram inside the control connection, because
	// UDP to the rendezvous does not work. It may drop; the payload is only
	// valid during the call.
	RelayByControl func(session wire.SessionID, payload []byte)
	// Classic is called with every talk of the classic protocol at the main socket,
	// from anybody and not looked into; the datagram is only valid during the call.
	// Nil: such datagrams are junk.
	Classic func(datagram []byte, from netip.AddrPort)
}

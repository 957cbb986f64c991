package punch

import "net/netip"

// An Action is something the driver must do.
type Action interface{ action() }

// SocketID names one of the sockets of a session. 0 is the peer's main UDP
// socket, which all sessions share. The others belong to this session alone:
// the driver opens a UDP socket when SendDatagram or SendLogin first names it,
// and a TCP connection for ConnectTCP. The engine never uses a number twice.
type SocketID uint32

// SendDatagram asks to send a probe or a probe reply.
type SendDatagram struct {
	Socket SocketID
	// To is the peer's endpoint; the zero AddrPort means through the relay.
	To netip.AddrPort
	// Datagram is newly allocated; it is the driver's.
	Datagram []byte
	// TTL is the packet's, 0 for the system's default. A driver that cannot set
	// it does not send: the packet is meant to die on the way.
	TTL int
}

// SendLogin asks to log in to the rendezvous from Socket, so that it tells
// where it sees that socket: see Observed. The driver does not repeat it.
type SendLogin struct{ Socket SocketID }

// ConnectTCP asks to connect to the peer from the port of the control
// connection, by simultaneous open (RFC 9293 section 3.5), again and again
// until Connected, or CloseSocket.
type ConnectTCP struct {
	Socket SocketID
	To     netip.AddrPort
}

// CloseSocket asks to close a socket other than 0.
type CloseSocket struct{ Socket SocketID }

// UsePath tells which way application data goes from now on.
type UsePath struct{ Path Path }

// RequestTalk asks for a new introduction.
type RequestTalk struct {
	// Predicted are endpoints of ours, other than that of socket 0, which the
	// peer should probe; nil when the request has another reason.
	Predicted []netip.AddrPort
}

func (SendDatagram) action() {}
func (SendLogin) action()    {}
func (ConnectTCP) action()   {}
func (CloseSocket) action()  {}
func (UsePath) action()      {}
func (RequestTalk) action()  {}

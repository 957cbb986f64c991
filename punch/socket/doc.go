// Package socket drives the traversal engine of package punch: it owns a peer's
// sockets, the clock, and the QUIC transport above them. It serves the daemon
// (package peer), which opens a Session per peer it talks to and runs QUIC
// between Session.Addr values.
//
//	 quic-go      addresses name sessions, not endpoints
//	    │
//	┌───┴───────────────── facade (net.PacketConn) ─────────────────┐
//	│  write: session ─▶ path             read: datagram ─▶ session │
//	│                                                               │
//	│   direct ────────▶ peer's endpoint   QUIC ◀── claimed endpoint│
//	│   own socket ────▶ outlet            relayedQueue ◀── outlet  │
//	│   relay, udp ────▶ rendezvous        relay frame ◀─ rendezvous│
//	│   relay, control ▶ RelayByControl    DeliverRelayed           │
//	│   in doubt ──────▶ direct and relay  probe ─▶ punch.Engine    │
//	│                                      Accept ─▶ Login          │
//	│                                      talk ─▶ Classic          │
//	└───┬───────────────────────────────────────────────────┬───────┘
//	    │                                                   │
//	 main UDP socket, shared by all sessions       outlets of one session:
//	 (internal/offload: GSO, GRO, ECN)             auxiliary UDP, TCP
//
// Paths change below QUIC, which never notices: a session keeps its virtual
// address from its first packet on the relay to its last on a direct path.
// The goroutine in which quic-go reads is the main socket's only reader, so that
// nothing lies between the kernel and QUIC but a look at the first bytes.
//
// What all sessions together send to endpoints that have not answered has to
// pass one governor.
//
// It is not a session in the sense of a conversation: it knows neither
// messages, nor identities, nor the control connection.
package socket

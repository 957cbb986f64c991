package wire

// The protocols' names in the TLS handshake (ALPN). Another number would be
// another protocol, whose programs do not talk to these; what a program can
// ignore or do without needs none (see Version).
const (
	// ControlProtocol is spoken between a peer and the rendezvous.
	ControlProtocol = "peerd-control/1"
	// SessionProtocol is spoken between two peers, over QUIC.
	SessionProtocol = "peerd/1"
	// BulkProtocol is spoken between two peers that have a session, over QUIC
	// connections beside it.
	BulkProtocol = "peerd-bulk/1"
)

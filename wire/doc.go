// Package wire is every byte of peerd's protocol: one message, one file. It
// serves the peer, the rendezvous, punch and roster, which exchange the plain
// values of this package. SPEC.md defines the bytes for other implementations,
// testdata holds vectors for them.
//
// On TCP+TLS to the rendezvous, and on the streams of a session, messages are
// frames with protobuf bodies:
//
//	 0               1               2               3               4
//	+---------------+---------------+---------------+---------------+----
//	|     kind      |              body length (big endian)         | body
//	+---------------+---------------+---------------+---------------+----
//
//	peer                       rendezvous                       peer
//	 | Hello ------------------->  |                              |
//	 | <-- Welcome, Snapshot|Delta |                              |
//	 | Talk -------------------->  |                              |
//	 | <---------- Introduction    |    Introduction -----------> |
//	 | Envelope, Relay <------->   |   <-------> Envelope, Relay  |
//	 | Text, Item, Receipt, Read <====== session (QUIC) ========> |
//
// On UDP, one port carries five kinds of datagrams, told apart by their first
// bytes (Classify):
//
//	talk,  a talk of the classic protocol
//	00.. STUN   Login, Accept with the rendezvous; Probe, ProbeReply between peers
//	20   relay  first byte, session, payload
//	.1.. QUIC   the session itself
//
// The classic protocol, which ours descends from, has bytes of its own
// (ParseClassic), and at the rendezvous a port of its own.
//
// Encoders refuse what decoders would refuse, and decoders bound everything
// before they allocate for it: MaxBody, MaxRows and the other limits. A decoder
// never panics, whatever it is given, and what it returns does not alias its
// input, except Relay's payload. All values are safe for concurrent reading.
//
// This package is not a connection: no socket, no clock, no goroutine, no
// logger. It signs and encrypts nothing; it only checks the MAC of probes and
// cookies, since that is part of their form.
package wire

// Package hostilequic speaks QUIC version 1 (RFC 9000) far enough to be let in, and
// then says whatever a test wants: frames that no honest implementation sends, as
// often as it likes, without ever acknowledging what comes back. quic-go cannot be
// made to do that. The handshake is TLS 1.3's, by crypto/tls; what protects packets
// (RFC 9001) and what they are made of is here.
//
//	long header: Initial (type 0) and Handshake (type 2)
//	┌──────────────┬─────────┬────────┬────────┬─────────┬────────┬────────┬────────┬─────┐
//	│ 11 type 00 11│ version │ their  │ our    │ token,  │ length │ packet │ frames │ tag │
//	│              │    4    │ id, 1+8│ id, 1+8│ Initial │    2   │ number │        │  16 │
//	└─────────▒▒▒▒─┴─────────┴────────┴────────┴─────────┴────────┴─▒▒▒▒───┴─▓▓▓▓───┴─────┘
//	short header: 1-RTT
//	┌──────────────┬────────┬────────┬────────┬─────┐
//	│ 010 00 phase │ their  │ packet │ frames │ tag │     ▓ encrypted, with all before it
//	│           11 │ id, 8  │ number │        │  16 │       authenticated
//	└─────────▒▒▒▒─┴────────┴─▒▒▒▒───┴─▓▓▓▓───┴─────┘     ▒ masked: header protection
//
// It is for tests only. It is NOT an implementation to build upon: it has no congestion
// control and no flow control, repeats nothing but the handshake, knows one cipher
// suite, and neither Retry, 0-RTT nor migration. It starts no goroutine; a Conn belongs
// to one at a time.
package hostilequic

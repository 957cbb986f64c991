// Package rogue is a rendezvous gone bad: the hostile-server test double. It has
// the key that its peers have pinned, so it is not somebody who impersonates the
// rendezvous but the rendezvous itself, compromised. It speaks the real protocol on
// loopback (UDP login, TLS control, relay), and does what an honest one does until a
// test says otherwise:
//
//	peer A ── frame ──▶ ┌────────┐ ──▶ ┌──────────────┐ ──▶ ┌────────┐ ── frame ──▶ peer B
//	                    │ script │     │ what an      │     │ script │
//	A's UDP ─ datagram ▶│        │     │ honest one   │     │        │─ datagram ─▶ B's UDP
//	                    └────────┘     │ does with it │     └────────┘
//	                         │         └──────────────┘          │
//	                         └──────────────▶ record ◀───────────┘
//
// A script sees every frame and every datagram of both directions, and returns what
// takes its place: the same, nothing, several, others, for somebody else. What is
// not a reply to anything is sent with Send, SendRaw and Write. The record holds
// every byte that a compromised rendezvous gets to see: the control streams as they
// are inside TLS, and all of UDP.
//
// It serves the tests of package peer. It is NOT the rendezvous (package rendezvous
// is): it keeps nothing on disk, admits everybody, and limits nobody.
package rogue

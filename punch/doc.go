// Package punch is the traversal engine of one session: it decides which
// probes to send, when, from which socket, and which path to use, so that two
// peers behind home routers reach each other directly. It serves punch/socket,
// which owns the sockets and the clock.
//
// The engine is a pure function of events and time. It opens no socket, reads
// no clock, starts no goroutine and logs nothing; everything it wants done
// comes back as a list of actions, so that a whole traversal can be replayed
// as a transcript (see testdata), and whole populations of routers simulated.
//
//	     Introduced          Received, Observed, Sent, Tick ...
//	          │                          │
//	          ▼                          ▼
//	┌──────────────────────────────────────────────────────────┐
//	│ Engine.Step(now, event)                                  │
//	│                                                          │
//	│  search: a volley at each candidate, and by plan:        │
//	│    fresh socket · sandwich · many sockets · spray ·      │
//	│    meeting port · doubted mapping · tcp                  │
//	│         │ a probe is answered                            │
//	│         ▼                                                │
//	│  relay ────────────────────────────────▶ direct          │
//	│    ▲  ▲                                  │  │  │        │
//	│    │  └── loses much (quality) ──────────┘  │  │        │
//	│    │               no reply for TrustFor ────┘  │        │
//	│    │                 ▼                          │        │
//	│    └── doubtFor ── doubtful (both ways) ◀───────┘        │
//	│  reunion: while nobody introduces us                     │
//	└──────────────────────────────────────────────────────────┘
//	          │                          │
//	          ▼                          ▼
//	 SendDatagram, SendLogin,      UsePath, RequestTalk
//	 ConnectTCP, CloseSocket
//
// Beside the engine the package holds what is judged without one: what samples
// tell of a NAT (allocation.go, classify.go, hops.go, lifetime.go, drift.go),
// how likely two NATs get a direct path (chance.go), and the governor that all
// sessions of a peer share.
//
// It is not a session: it carries no data and knows nothing of QUIC, of the
// relay's way through the rendezvous, or of who the peer is beyond the two
// keys its probes are authenticated with.
package punch

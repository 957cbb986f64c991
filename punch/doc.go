// Package punch is the traversal engine of one session: it decides which
// probes to send, when, and which path to use, so that two peers behind home
// routers reach each other directly. It serves punch/socket, which owns the
// sockets and the clock.
//
// The engine is a pure function of events and time. It opens no socket, reads
// no clock, starts no goroutine and logs nothing; everything it wants done
// comes back as a list of actions, so that a whole traversal can be replayed
// as a transcript (see testdata).
//
//	           Introduced           Datagram / Sent / Tick
//	               │                        │
//	               ▼                        ▼
//	┌────────────────────────────────────────────────────┐
//	│ Engine.Step(now, event)                            │
//	│                                                    │
//	│  relay ──reply validates a candidate──▶ direct     │
//	│    ▲                                    │      │   │
//	│    │                       no reply for TrustFor   │
//	│    │                                    ▼      │   │
//	│    └──no reply for DeadAfter── unproven (both ways)│
//	└────────────────────────────────────────────────────┘
//	               │                        │
//	               ▼                        ▼
//	        Probe, UsePath            RequestTalk
//
// It is not a session: it carries no data and knows nothing of QUIC, of the
// relay's way through the rendezvous, or of who the peer is beyond the two
// keys its probes are authenticated with.
package punch

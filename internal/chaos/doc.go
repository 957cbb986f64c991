// Package chaos does to the real programs what must not cost a message, and
// counts what became of every message: kill -9 at every failpoint and at any
// moment, power cuts, full disks. It serves "make chaos", whose main is in run,
// and the tests here, which play the same faults less often.
//
//	         fault
//	           ▼
//	Ledger ─▶ alice ═══ session ═══ bob ─▶ history
//	  │          \                 /          │
//	  │           └── rendezvous ─┘           │
//	  └────────────── Audit ──────────────────┘ lost, repeated, out of order
//
// The programs run on the loopback address: what networks do to messages is the
// network lab's (internal/natlab). Nothing here looks inside a program: messages
// go in and come out through its API, as a user's do.
package chaos

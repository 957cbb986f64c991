// Package roster is who belongs to a circle and who of them is online: the
// versioned table of the rendezvous, and the copy that every peer holds.
//
//	rendezvous: Table                                peer: Copy
//	  version 41 ── Put(carol online)  ── 42
//	  version 42 ── Put(alice offline) ── 43
//	          Since(epoch, 41) ──► Delta 41→43 {carol, alice} ──► ApplyDelta ──► login, logout
//	          Since(other, 7)  ──► Snapshot 43 {alice … zoe}  ──► ApplySnapshot ──► what differs
//
// Every change of the table makes the next version. A peer says which version it
// holds and gets the rows that are different now, each once, however often they
// have changed. When the table no longer remembers that far back, or is another
// one (the epoch differs), the peer gets everything. Long updates travel in
// chunks; a copy shows a version whole or not at all, so whatever a copy shows was
// the roster at some moment.
//
// The package is pure: it has no clock, goroutine, socket or logger, does not
// decide who may join or whether a name is free, and holds no endpoints. Neither
// type is safe for concurrent use.
package roster

// Package network does to the networks and clocks of two homes what must not cost
// a message: loss, reordering, partitions, connections that die without a word,
// suspended programs, wrong clocks, a rendezvous that has lost its state. It serves
// "make chaos" and, in short, the end-to-end tests.
//
//	Story ─▶ Homes: alice ─ router ─ internet ─ router ─ bob      the real programs,
//	  │                                 │                         on internal/natlab
//	  │                            rendezvous
//	  └─▶ chaos.Row: what became of every message, how long it took
//
// What is done to a program itself, and to its disk, is package chaos'.
package network

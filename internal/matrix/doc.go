// Package matrix knows the pairs of home networks that peerd promises something
// for, plays the meeting of two peers at each of them in a network lab, and
// judges what was measured. It serves "make matrix" (the program in measure,
// which regenerates docs/NAT.md) and the end-to-end test that plays one meeting
// of each kind.
//
//	            Kind                          Pair                      Cell
//	masquerade, strike, sequential …   one Kind × another, or   the meetings measured
//	                                   a special arrangement    at a Pair, and its Bar
//
// A meeting is between two daemons that have just been started, behind routers
// that have just been built: both log in, what their routers do is found out,
// and then one sends the other its first message. Several pairs share a lab and
// a rendezvous, because building those takes longer than a meeting; they meet
// one after the other, so that none disturbs another.
//
//	sender ──20 ms── router ──┐             ┌── router ──20 ms── recipient
//	                          └── 6 hops ───┘
//	                                 │ 5 ms
//	                             rendezvous
//
// It runs in real time on the real kernel. Exact timing belongs to the tests of
// package punch, and other figures than those of NATs to internal/figures.
package matrix

// Command figures measures what peerd promises, with the real programs in a
// network lab, and prints each figure beside its bound and beside what other
// systems reach in the same kind of lab:
//
//	figures [-runs N] [-only NAME] DIRECTORY-OF-BINARIES
//
// It is a benchmark, not a test: a bound that is missed is said to be MISSED, and
// the exit code is 0. It is 1 when something could not be measured.
//
// The lab's homes have uplinks of 20 ms one way and the rendezvous 5 ms, so that
// a round trip takes 80 ms between homes and 50 ms to the rendezvous. Throughput
// is measured on links without delay. Everything runs on one machine and so by
// one clock. Each figure is one file; the program starts itself again on hosts
// of the lab for the sides no program of ours plays (child.go).
package main

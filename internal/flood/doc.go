// Package flood attacks the real rendezvous with everything that strangers and
// members can send it, and meanwhile measures what honest people notice: "make
// flood" prints a row per attack. It serves maintainers and whoever wants to know
// what a small server bears. It is no load test: nothing here looks for the most
// that the rendezvous can do.
//
//	 attacker                        victim                      honest
//	198.18.0.0/16    ─── floods ──▶  rendezvous  ◀── logins ───  198.19.0.0/16, 10 ms away
//	2001:db8:a000::/36                  ▲   ▲
//	                                    │   └── messages ──────  alice, bob: two peerd
//	                                    └────── pushes ────────  members: 200 that are idle
//
// Each of them is a process on a host of a network lab (package natlab). The attacker
// has one core of this machine, and the others share it. What they have sent and got is what the
// counters of their network interfaces say.
//
// The limits that hold are in rendezvous/limits.go.
package flood

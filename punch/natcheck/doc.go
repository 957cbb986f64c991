// Package natcheck measures the NATs in front of a peer, in the words of RFC
// 4787 and mostly by the methods of RFC 5780. It serves the daemon (package
// peer), which classifies its network at every login and change of network, and
// "peerctl netcheck". It only asks and listens; what the answers mean is package
// punch's.
//
//	                               rendezvous
//	spare sockets                  A:p    A:q    B:p    B:q
//	a burst ── Login ─────────────▶ ■                          allocation
//	one ────── Login ─────────────▶ ■ ───▶ ■ ───▶ ■            mapping
//	eight ──── Login, TTL 1…8 ─ ─ ▶ ■                          own hops, opener TTL
//	one ────── Login, Change port ──────────────▶ ■  ─ ─ ■ ▶   filtering: ADF?
//	one ────── Login, Change both ▶ ■  ─ ─ ─ ─ ─ ─ ─ ─ ─ ■ ▶   filtering: EIF?
//	one each ─ PCP, NAT-PMP to every router of ours            port mapping
//	two ────── to each other's observed endpoint               hairpin
//	two, later                                    ■            lifetime
//
// Everything happens on spare sockets. The peer's main socket keeps its mappings
// and is never the target of a datagram that a router did not expect.
//
// Some routers punish such datagrams: for 30 s they drop everything from the
// address that one came from. If that were the rendezvous' main address, the
// peer would lose its control connection and its relay because it was curious.
// So the main address A never sends anything but the answer to the very endpoint
// that was asked; whatever a router may not expect comes from the other address
// B, which serves for nothing else. Without a B, filtering and lifetime are not
// measured. The questions are ordered so that a ban of B cannot spoil a later
// answer: mapping, then the other port of B, and B out of the blue last.
//
// It is not the prober of package punch: what it finds is a hint for choosing
// strategies and never a proof of a path.
package natcheck

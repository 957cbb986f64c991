// Package netwatch tells when the host's own network is another one: an address
// or default route came or went, or the host was asleep. It serves the daemon
// (package peer), which then trusts nothing that worked before.
//
//	rtnetlink message ──┐ settle           ┌─────────┐ differs
//	  (elsewhere: poll) ├─────────▶ look ──▶ Network ├──────────▶ changed(Rewired)
//	clock: time is      │                  └─────────┘
//	missing ────────────┴────────────────────────────────────────▶ changed(Woken)
//
// It does not say whether the network works, nor what the routers beyond the
// first one do: their reboots and new addresses are seen from outside only.
package netwatch

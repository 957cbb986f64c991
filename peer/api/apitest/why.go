package apitest

import (
	"net/netip"
	"time"

	"peerd/peer/api"
)

// whyBob is about two homes that found a direct path at the first attempt.
func whyBob() api.Why {
	return api.Why{
		Peer: "bob", Reason: api.ReasonDirect, Remedy: api.RemedyNothing, Since: Epoch, TheirNAT: Alice().NAT,
		Attempts: []api.Attempt{{
			Strategy: "volley", Kind: "observed", Endpoint: netip.MustParseAddrPort("198.51.100.7:4164"),
			First: Epoch, Last: api.At(Epoch.Add(20 * time.Millisecond)), Probes: 2, Heard: 1, Replies: 1, RTT: rtt(18204),
		}},
	}
}

// whyNAS is about two routers that pick ports at random, and a peer that names
// what it should not.
func whyNAS() api.Why {
	observed := netip.MustParseAddrPort("203.0.113.9:1024")
	metadata := netip.MustParseAddrPort("169.254.169.254:8080")
	return api.Why{
		Peer: "nas", Reason: api.ReasonHardNATs, Remedy: api.RemedyMapPort, Since: Epoch,
		TheirNAT: api.NAT{Mapping: "apdm", Filtering: "apdf", Allocation: "random"},
		Probed:   []netip.AddrPort{observed},
		RetryAt:  api.At(Epoch.Add(5 * time.Minute)),
		Chance:   new(0.0001),
		Attempts: []api.Attempt{{
			Strategy: "volley", Kind: "observed", Endpoint: observed,
			First: Epoch, Last: api.At(Epoch.Add(2 * time.Second)), Probes: 7, Openers: 1,
		}, {
			Strategy: "volley", Kind: "heard", Endpoint: netip.MustParseAddrPort("203.0.113.9:60001"), Heard: 3,
		}},
		LeftOut: []api.LeftOut{
			{Kind: "local", Endpoint: netip.MustParseAddrPort("192.168.7.5:4000"), Reason: "private"},
			{Kind: "mapped", Endpoint: metadata, Reason: "reserved"},
		},
		Warnings: []api.Warning{{Code: api.WarningReserved, Count: 1, Endpoint: metadata}},
	}
}

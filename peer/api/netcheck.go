package api

import "net/netip"

// Netcheck is what the network in front of this peer lets through, observed now.
type Netcheck struct {
	V          Version    `json:"v"`
	UDP        bool       `json:"udp"`
	NAT        NAT        `json:"nat"`
	Rendezvous Rendezvous `json:"rendezvous"`
	// Step is the distance between two ports of a sequential NAT, negative when
	// it counts down, and Drift how many of them others took per second.
	Step  int     `json:"step,omitempty"`
	Drift float64 `json:"drift,omitempty"`
	// Hairpin is whether peers behind this NAT reach each other at their observed
	// endpoints: yes, no, unknown.
	Hairpin string `json:"hairpin"`
	// OwnHops are the routers up to the last NAT on our side, nearest first.
	OwnHops []Hop `json:"own_hops"`
	// OpenerTTL is the TTL with which packets pass those and die at the next
	// router; 0 when that is not known.
	OpenerTTL int `json:"opener_ttl"`
	// NotMeasured is what is missing above.
	NotMeasured []NotMeasured `json:"not_measured"`
	Took        Milliseconds  `json:"took_ms"`
}

// Hop is a router on our side.
type Hop struct {
	Address netip.Addr `json:"address"` // "": it does not tell
	// PortMapping are the protocols in which it answered: pcp, nat-pmp.
	PortMapping []string `json:"port_mapping"`
	// Outside is its outside address, if it told.
	Outside netip.Addr `json:"outside"`
}

// NotMeasured is an aspect of the network that was not measured, and why, in the
// words of package natcheck.
type NotMeasured struct {
	Aspect string `json:"aspect"`
	Reason string `json:"reason"`
}

// Package portmap asks the home router for a port mapping, so that anybody may
// send to a socket behind it without having been sent to first. It serves the
// daemon, which offers the mapped endpoint to its peers as one more candidate.
//
//	   host                          home router               internet
//	┌────────┐  MAP, 5351/udp       ┌───────────┐
//	│  Keep ─┼─ pcp ───────────────▶│           │
//	│   │    ├─ nat-pmp ───────────▶│  table    │
//	│   │    ├─ upnp: 1900/udp, ───▶│           │
//	│   │    │  SOAP over http      │     │     │
//	│   ▼    │                      │     ▼     │◀── from anybody, to
//	│ report │   socket ◀───────────┼─ mapping ─┤    Mapping.External
//	└────────┘                      └───────────┘
//
// All three protocols are asked at the same time and hold their mappings
// independently: many routers offer one only, and those that offer several put
// them into one table, where they are one entry.
//
// PCP and NAT-PMP are pure machines (lease, with one dialect each): events and
// the time go in, datagrams and changes come out. UPnP is a loop over HTTP.
//
// It is never required. A router that offers nothing, or refuses, costs a few
// small packets at ever longer intervals and no log line above debug. It is not
// a NAT detector, does not open IPv6 firewalls, and trusts the router's word
// for the external endpoint: whether a peer can really reach it shows only when
// one does.
package portmap

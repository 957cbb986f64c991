// Package nat is a NAT without sockets: a packet goes in, and comes out translated, or is dropped for a reason that has
// a name. Time is a value. It serves the routers of package natlab, which move packets for it, and does what the
// kernel's own NAT does not: every combination of the behaviours that RFC 4787 tells apart.
//
//	     inside                                                      outside
//	                    ┌─────────────────────────────────┐
//	192.168.1.2:5000 ──▶│ mapping 192.168.1.2:5000 ⇄ 6017 │──▶ 198.51.100.1:6017
//	                    │   flow to 203.0.113.1:3478      │
//	                    │   flow to 198.51.100.2:7000     │◀── filtering: does one of the
//	                    └─────────────────────────────────┘    flows permit this source?
//
// A mapping ties an inside endpoint to an outside port. [Mapping] says for which destinations it is used, [Allocation]
// which port it gets. A flow is what the inside endpoint and one remote endpoint exchange through a mapping. [Filtering]
// says from where packets may come in, given the flows that the inside has opened. A mapping ends with the last flow
// that the inside keeps alive.
//
// TCP, UDP and ICMP echo are translated alike, each with outside ports (or ICMP identifiers) of its own. A TCP flow
// begins with a SYN; a segment of none is dropped. A SYN from an endpoint that filtering permits comes in, so that a
// simultaneous open works through two NATs. ICMP errors about a flow are translated, what they quote included; they
// neither refresh nor end it (RFC 5508). Fragments are dropped, and so are ICMP messages of other types.
//
// It is not for production: one outside address, IPv4 only, no application layer gateways, no port mapping protocols.
package nat

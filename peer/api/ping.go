package api

import "net/netip"

// Ping is one answered round trip to a peer's daemon.
type Ping struct {
	V         Version        `json:"v"`
	Seq       int            `json:"seq"` // from 1, numbered by the caller
	Peer      string         `json:"peer"`
	Path      Path           `json:"path"`
	Transport Transport      `json:"transport"`
	Endpoint  netip.AddrPort `json:"endpoint"`
	RTT       Milliseconds   `json:"rtt_ms"`
}

package api

import "net/netip"

// PathChange is the change of the path to a peer.
type PathChange struct {
	V         Version        `json:"v"`
	Type      pathType       `json:"type"`
	Peer      string         `json:"peer"`
	Path      Path           `json:"path"`
	Transport Transport      `json:"transport"`
	Endpoint  netip.AddrPort `json:"endpoint"`
	RTT       Milliseconds   `json:"rtt_ms"`
	At        Time           `json:"at"`
}

// EventType implements [Event].
func (PathChange) EventType() EventType { return TypePath }

package api

import "net/netip"

// Peer is another member of the circle, or a user of the classic protocol, whose
// Key is its Name: it has no other.
type Peer struct {
	V         Version        `json:"v"`
	Name      string         `json:"name"`
	Key       string         `json:"key"`
	Online    bool           `json:"online"`
	Path      Path           `json:"path"`
	Transport Transport      `json:"transport"`
	Endpoint  netip.AddrPort `json:"endpoint"`           // the peer's own when direct, else ""
	RTT       Milliseconds   `json:"rtt_ms"`             // end to end, over the path in use
	Unread    int            `json:"unread"`             // received messages not read yet
	Queued    int            `json:"queued"`             // our messages not delivered yet
	LastSeen  Time           `json:"last_seen,omitzero"` // when it was last online, as far as known
	Pinned    bool           `json:"pinned"`             // a contact
	Verified  bool           `json:"verified"`           // the user has compared the safety code
	Blocked   bool           `json:"blocked"`
	ClassicMark
}

// PeerRef names a peer in a request: its name or its whole key.
type PeerRef struct {
	Peer string `json:"peer"`
}

// FindPeer returns the peer that ref names, by name or by whole key. It returns
// an error of CodeNoSuchPeer when there is none.
func FindPeer(peers []Peer, ref string) (Peer, error) {
	for _, peer := range peers {
		if peer.Name == ref || peer.Key == ref {
			return peer, nil
		}
	}
	return Peer{}, NoSuchPeer(ref)
}

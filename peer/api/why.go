package api

import "net/netip"

// Why explains the path to a peer.
type Why struct {
	V         Version        `json:"v"`
	Peer      string         `json:"peer"`
	Path      Path           `json:"path"`
	Transport Transport      `json:"transport"`
	Endpoint  netip.AddrPort `json:"endpoint"`
	RTT       Milliseconds   `json:"rtt_ms"`
	Reason    Reason         `json:"reason"`
	Since     Time           `json:"since,omitzero"` // when this path was taken
	OurNAT    NAT            `json:"our_nat"`
	TheirNAT  NAT            `json:"their_nat"` // as they reported it; Observed and Local stay empty
	// Probed lists the peer's endpoints that were tried for a direct path.
	Probed Endpoints `json:"probed"`
}

// Reason is why the path to a peer is what it is. The first that applies, from
// the top, is the one to report.
type Reason string

const (
	ReasonDirect            Reason = "direct"             // a direct path is in use
	ReasonRendezvousOffline Reason = "rendezvous_offline" // nobody can introduce us
	ReasonPeerOffline       Reason = "peer_offline"
	ReasonNoTalk            Reason = "no_talk"        // nothing to say to each other yet, so no session
	ReasonPunching          Reason = "punching"       // being tried right now
	ReasonPolicy            Reason = "policy"         // one side allows the relay only
	ReasonNoUDP             Reason = "no_udp"         // our network blocks UDP
	ReasonPeerNoUDP         Reason = "peer_no_udp"    // theirs does
	ReasonHardNATs          Reason = "hard_nats"      // address-dependent mapping on both sides
	ReasonOurHardNAT        Reason = "our_hard_nat"   // on ours alone, and their router filters by port
	ReasonTheirHardNAT      Reason = "their_hard_nat" // on theirs alone, and our router filters by port
	ReasonNoAnswer          Reason = "no_answer"      // every probe was lost on the way
)

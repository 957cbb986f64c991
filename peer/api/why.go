package api

import "net/netip"

// Why explains the path to a peer: what it is and why, what was tried for a
// direct one, and what would make it direct.
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
	// Remedy is what would make the path direct.
	Remedy Remedy `json:"remedy"`
	// Searching is set while a direct path is being looked for.
	Searching bool `json:"searching"`
	// RetryAt is when the next search begins, if there is something to say to
	// the peer by then; zero when none is planned.
	RetryAt Time `json:"retry_at,omitzero"`
	// Chance is how likely one search finds a direct path, from 0 to 1, judging
	// by the two NATs alone; nil before the first introduction, and for two peers
	// behind one address.
	Chance *float64 `json:"chance,omitempty"`
	// Attempts are what the last search has done.
	Attempts List[Attempt] `json:"attempts"`
	// LeftOut are candidates of the peer's that are not probed.
	LeftOut  List[LeftOut] `json:"left_out"`
	Warnings List[Warning] `json:"warnings"`
}

// Attempt is what one strategy did about one endpoint of the peer's in the last
// search, and what came back.
type Attempt struct {
	// Strategy is volley, fresh-socket, many-sockets, spray, meeting-port, tcp or
	// reunion.
	Strategy string `json:"strategy"`
	// Kind is local, observed, predicted, mapped or tcp as the peer or the
	// rendezvous named the endpoint, heard for one that only the peer's own
	// probes told, and empty for one that the strategy has chosen.
	Kind string `json:"kind"`
	// Endpoint has port 0 for a strategy that tries many ports.
	Endpoint netip.AddrPort `json:"endpoint"`
	First    Time           `json:"first_at,omitzero"` // of the packets sent
	Last     Time           `json:"last_at,omitzero"`
	Probes   int            `json:"probes"`
	Openers  int            `json:"openers"` // probes meant to die on the way: they only open our router
	Sockets  int            `json:"sockets"` // opened for it
	Heard    int            `json:"heard"`   // authentic probes of the peer's from there
	Replies  int            `json:"replies"` // answers to ours
	RTT      Milliseconds   `json:"rtt_ms"`  // of the last answer
}

// LeftOut is a candidate of the peer's that is not probed.
type LeftOut struct {
	Kind     string         `json:"kind"`
	Endpoint netip.AddrPort `json:"endpoint"`
	// Reason is reserved, private, own-address, router, low-port, unreachable or too-many.
	Reason string `json:"reason"`
}

// Reason is why the path to a peer is what it is. The first that applies, from
// the top, is the one to report.
type Reason string

const (
	ReasonDirect            Reason = "direct"             // a direct path is in use
	ReasonLossy             Reason = "lossy"              // there is one, but it loses too much
	ReasonRendezvousOffline Reason = "rendezvous_offline" // nobody can introduce us
	ReasonNotMember         Reason = "not_member"         // the peer is not in the circle, or not any more
	ReasonPeerOffline       Reason = "peer_offline"
	ReasonPolicy            Reason = "policy"         // one side allows the relay only
	ReasonOurPolicy         Reason = "our_policy"     // we do not let the peer learn where we are: see Status.Introduce, or it is blocked
	ReasonTheirPolicy       Reason = "their_policy"   // the peer does not let us learn where it is
	ReasonNoTalk            Reason = "no_talk"        // nothing to say to each other yet, so no session
	ReasonPunching          Reason = "punching"       // being tried right now
	ReasonNoUDP             Reason = "no_udp"         // our network blocks UDP
	ReasonPeerNoUDP         Reason = "peer_no_udp"    // theirs does
	ReasonSameNAT           Reason = "same_nat"       // both are behind one NAT, a carrier's perhaps, that does not lead back inside
	ReasonOneWay            Reason = "one_way"        // the peer's probes arrive here, ours are not answered
	ReasonHardNATs          Reason = "hard_nats"      // address-dependent mapping on both sides
	ReasonOurHardNAT        Reason = "our_hard_nat"   // on ours alone, and their router filters by port
	ReasonTheirHardNAT      Reason = "their_hard_nat" // on theirs alone, and our router filters by port
	ReasonNoAnswer          Reason = "no_answer"      // every probe was lost on the way
)

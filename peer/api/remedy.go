package api

// Remedy is what would make the path to a peer direct. The words are stable.
type Remedy string

const (
	RemedyNothing      Remedy = "nothing"       // it is direct
	RemedyWait         Remedy = "wait"          // a search is under way
	RemedyRetry        Remedy = "retry"         // the next search is likely to succeed, see Why.RetryAt
	RemedyCheckNetwork Remedy = "check_network" // reach the rendezvous first
	RemedyAwaitPeer    Remedy = "await_peer"    // the peer has to log in
	RemedyInvitePeer   Remedy = "invite_peer"   // whoever runs the rendezvous has to let the peer in
	RemedyTalk         Remedy = "talk"          // say something to the peer: that opens a path
	RemedyAllowDirect  Remedy = "allow_direct"  // whoever allows the relay only may change that
	RemedyAddContact   Remedy = "add_contact"   // choose the peer, which may then learn where we are
	RemedyIntroduce    Remedy = "introduce"     // nobody may learn where we are: change that
	RemedyUnblock      Remedy = "unblock"       // the peer is blocked
	RemedyPeerAccepts  Remedy = "peer_accepts"  // it may let us learn where it is by writing to us, or not at all
	RemedyAllowUDP     Remedy = "allow_udp"     // on our network
	RemedyPeerAllowUDP Remedy = "peer_allow_udp"
	// RemedyMapPort: UPnP, NAT-PMP or PCP on either router, or IPv6 on both sides.
	RemedyMapPort Remedy = "map_port"
	// RemedyMapOurPort: the same on our router alone.
	RemedyMapOurPort Remedy = "map_our_port"
	// RemedyMapPeerPort: the same on the peer's router alone.
	RemedyMapPeerPort Remedy = "map_peer_port"
	// RemedyIPv6: both are behind one NAT, which IPv6 does without.
	RemedyIPv6 Remedy = "ipv6"
	// RemedyPeerFirewall: the peer's side has to let our probes in.
	RemedyPeerFirewall Remedy = "peer_firewall"
	// RemedyFirewall: one side or the other drops all of it.
	RemedyFirewall Remedy = "firewall"
)

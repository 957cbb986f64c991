package api

import "net/netip"

// Status is this peer as it is now.
type Status struct {
	V          Version    `json:"v"`
	Name       string     `json:"name"`
	Key        string     `json:"key"`
	Circle     string     `json:"circle"`
	Rendezvous Rendezvous `json:"rendezvous"`
	NAT        NAT        `json:"nat"`
	UDP        bool       `json:"udp"` // UDP to the rendezvous works
	Release    string     `json:"release,omitempty"`
	// Introduce is which peers may learn where we are.
	Introduce Introduce `json:"introduce,omitempty"`
	// Classic is nil unless this peer takes part in the classic protocol.
	Classic *ClassicStatus `json:"classic,omitempty"`
	// Damage is the last one to the messages; nil when there was none, or when the
	// user has removed the damaged file.
	Damage *Damage `json:"damage,omitempty"`
}

// Identity returns who this peer is.
func (s Status) Identity() Identity {
	return Identity{Name: s.Name, Key: s.Key, Circle: s.Circle}
}

// Identity is who this peer is: what it tells others so that they can verify it.
type Identity struct {
	V      Version `json:"v"`
	Name   string  `json:"name"`
	Key    string  `json:"key"`
	Circle string  `json:"circle"`
}

// Rendezvous is the connection to the coordinator.
type Rendezvous struct {
	Addr      string          `json:"addr"` // host:port as in the invite
	State     RendezvousState `json:"state"`
	RTT       Milliseconds    `json:"rtt_ms"`
	Transport Transport       `json:"transport"` // of relayed packets: udp, else tls
	// Why is why the last login failed, in words for people; "" while online. Parts
	// of it are the rendezvous' own words: escape it.
	Why string `json:"why,omitempty"`
}

// RendezvousState says whether the daemon is logged in.
type RendezvousState string

const (
	RendezvousOnline     RendezvousState = "online"
	RendezvousConnecting RendezvousState = "connecting"
	RendezvousOffline    RendezvousState = "offline"
)

// NAT is what the peer learnt about the router in front of it, in the words of
// RFC 4787; wire.NATReport's String methods give them.
type NAT struct {
	Mapping    string `json:"mapping"`    // none, eim, adm, apdm, unknown
	Filtering  string `json:"filtering"`  // eif, adf, apdf, unknown
	Allocation string `json:"allocation"` // preserving, sequential, random, block, unknown
	// FirstPort and LastPort are the part of a block that was seen.
	FirstPort uint16 `json:"first_port,omitempty"`
	LastPort  uint16 `json:"last_port,omitempty"`
	// Lifetime is how many seconds an idle mapping was seen to live; 0 when that
	// was not measured.
	Lifetime int            `json:"lifetime_s,omitempty"`
	Observed netip.AddrPort `json:"observed"` // as the rendezvous saw us; "" while unknown
	Local    Endpoints      `json:"local"`
	Mapped   Endpoints      `json:"mapped,omitempty"` // at our router: forwarded to us by PCP, NAT-PMP or UPnP
}

package api

// Netcheck is what the network in front of this peer lets through, observed now.
type Netcheck struct {
	V          Version    `json:"v"`
	UDP        bool       `json:"udp"`
	NAT        NAT        `json:"nat"`
	Rendezvous Rendezvous `json:"rendezvous"`
}

package api

// Path is the kind of way to a peer that is in use.
type Path string

const (
	PathDirect Path = "direct" // between the two peers, nobody in between
	PathRelay  Path = "relay"  // through the rendezvous, end-to-end encrypted all the same
	PathNone   Path = "none"   // no session
)

// Transport is what carries a path. It is empty where there is no path.
type Transport string

const (
	TransportUDP Transport = "udp"
	TransportTCP Transport = "tcp"
	TransportTLS Transport = "tls" // inside the control connection
)

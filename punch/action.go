package punch

import "net/netip"

// An Action is something the driver must do.
type Action interface{ action() }

// SendDatagram asks to send a probe or a probe reply.
type SendDatagram struct {
	To netip.AddrPort
	// Datagram is newly allocated; it is the driver's.
	Datagram []byte
}

// UsePath tells which way application data goes from now on.
type UsePath struct{ Path Path }

// RequestTalk asks for a new introduction: the direct path has died.
type RequestTalk struct{}

func (SendDatagram) action() {}
func (UsePath) action()      {}
func (RequestTalk) action()  {}

package socket

import (
	"net"

	"peerd/wire"
)

// Virtual addresses are what quic-go sees instead of endpoints: one per
// session, the same for its whole life. They are unique local addresses
// (RFC 4193) that no interface has and no datagram carries:
//
//	fd70:6565:7264 : first ten bytes of the session id , port 1
//	^^ "p e e r d"
//
// Ten bytes of a hash tell sessions apart: to meet another's by chance takes
// 2^80 tries.
type handle [10]byte

var virtualPrefix = [6]byte{0xfd, 'p', 'e', 'e', 'r', 'd'}

// virtualPort only has to be a valid port.
const virtualPort = 1

// nowhere is the virtual address of this side, and of no session.
var nowhere = handle{}.addr()

func handleOf(session wire.SessionID) handle { return handle(session[:10]) }

// handleIn returns the handle in a virtual address, false for other addresses.
func handleIn(addr *net.UDPAddr) (handle, bool) {
	if len(addr.IP) != net.IPv6len || [6]byte(addr.IP[:6]) != virtualPrefix {
		return handle{}, false
	}
	return handle(addr.IP[6:]), true
}

func (h handle) addr() *net.UDPAddr {
	return &net.UDPAddr{IP: append(virtualPrefix[:], h[:]...), Port: virtualPort}
}

package portmap

import (
	"net"
	"net/netip"
	"slices"
	"time"
)

// askRepeat is when the questions of Ask are sent again: one may be lost.
const askRepeat = 100 * time.Millisecond

// A Service is what a router tells about port mapping without being asked for
// one.
type Service struct {
	// Protocols are those it speaks, PCP or NATPMP.
	Protocols []Protocol
	// External is its outside address, if it tells: a private one is on the inside
	// of a further NAT.
	External netip.Addr
}

// Ask asks a router, which need not be on our link, until it has answered in
// both protocols or the deadline. A router beyond a NAT answers too, but makes
// no PCP mapping for us, as our packets do not come from our own address there.
// UPnP knows no such question.
func Ask(conn *net.UDPConn, router netip.Addr, deadline time.Time) (s Service) {
	repeat := time.Now().Add(askRepeat)
	for _, until := range [2]time.Time{repeat, deadline} {
		if until.After(deadline) {
			until = deadline
		}
		s.question(conn, router)
		if conn.SetReadDeadline(until) == nil && s.read(conn, router) {
			break
		}
	}
	return s
}

// question sends what is not answered yet. What fails is as good as lost.
func (s *Service) question(conn *net.UDPConn, router netip.Addr) {
	to := netip.AddrPortFrom(router, serverPort)
	if !slices.Contains(s.Protocols, PCP) {
		b := append(make([]byte, 0, pcpHeaderLength), pcpVersion, opcodeAnnounce, 0, 0, 0, 0, 0, 0)
		local := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
		_, _ = conn.WriteToUDPAddrPort(appendAs16(b, local), to)
	}
	if !slices.Contains(s.Protocols, NATPMP) {
		_, _ = conn.WriteToUDPAddrPort([]byte{natpmpVersion, opAddress}, to)
	}
}

// read takes answers until there is nothing more to learn; false: the time is
// over first.
func (s *Service) read(conn *net.UDPConn, router netip.Addr) bool {
	buffer := make([]byte, pcpMaxLength+1)
	for len(s.Protocols) < 2 {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return false
		}
		if from.Addr().Unmap() == router && from.Port() == serverPort {
			s.learn(buffer[:n])
		}
	}
	return true
}

// learn takes one answer. A refusal shows that the protocol is spoken, unless it
// refuses the protocol itself.
func (s *Service) learn(datagram []byte) {
	switch {
	case isPCP(datagram, opcodeAnnounce) && datagram[3] != resultUnsupportedVersion:
		s.speaks(PCP)
	case isOfVersion(datagram, natpmpVersion) && datagram[1] == opAddress|responseBit &&
		len(datagram) == natpmpAddressLength && datagram[2] == 0 && datagram[3] == resultSuccess:
		s.speaks(NATPMP)
		s.External = netip.AddrFrom4([4]byte(datagram[8:]))
	}
}

func (s *Service) speaks(protocol Protocol) {
	if !slices.Contains(s.Protocols, protocol) {
		s.Protocols = append(s.Protocols, protocol)
	}
}

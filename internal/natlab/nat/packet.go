package nat

import (
	"encoding/binary"
	"net/netip"
)

// The protocols that are translated, as in the IPv4 header.
const (
	protocolICMP = 1
	protocolTCP  = 6
	protocolUDP  = 17
)

// Offsets in the IPv4 header.
const (
	ipLength      = 2
	ipFragment    = 6
	ipTTL         = 8
	ipProtocol    = 9
	ipChecksum    = 10
	ipSource      = 12
	ipDestination = 16
	ipHeader      = 20 // its length without options
)

// none is the offset of a field that a packet does not have.
const none = -1

type address [4]byte

// An endpoint of ICMP echo has the identifier for a port if it is the one who asks, and 0 if it answers.
type endpoint struct {
	addr address
	port uint16
}

// known is what is left of an endpoint for one who looks at nothing (0), its address (1), or all of it (2).
func (e endpoint) known(parts int) endpoint {
	switch parts {
	case 0:
		return endpoint{}
	case 1:
		return endpoint{addr: e.addr}
	default:
		return e
	}
}

func addressOf(a netip.Addr) address { return a.As4() }

// A packet is an IPv4 packet of which the transport header is known to be there, down to the ports. It refers to the
// bytes it was parsed from.
type packet struct {
	bytes     []byte // header and payload, without padding
	transport int    // offset of the transport header
	layout
}

// A layout says where the transport header keeps what a NAT changes, relative to its beginning.
type layout struct {
	sourcePort, destinationPort int // none where there is no such thing
	checksum                    int
	coversAddresses             bool // the checksum includes a pseudo header
	isError                     bool // an ICMP error, which quotes another packet
}

// parse finds its way through a packet that arrived.
func parse(b []byte) (packet, Drop) {
	if len(b) < ipHeader || int(binary.BigEndian.Uint16(b[ipLength:])) > len(b) {
		return packet{}, Malformed
	}
	b = b[:binary.BigEndian.Uint16(b[ipLength:])]
	const moreFragments, offset = 0x2000, 0x1fff
	if len(b) >= ipHeader && binary.BigEndian.Uint16(b[ipFragment:])&(moreFragments|offset) != 0 {
		return packet{}, Fragment
	}
	p, drop := parseHeaders(b)
	if drop == Forwarded && p.transport+p.checksum+2 > len(b) {
		return packet{}, Malformed
	}
	return p, drop
}

// quoted is the packet that an ICMP error is about, as far as the error quotes it: the checksum may be cut off.
func (p packet) quoted() (packet, Drop) {
	const offset = 0x1fff
	b := p.bytes[p.transport+icmpHeader:]
	if len(b) >= ipHeader && binary.BigEndian.Uint16(b[ipFragment:])&offset != 0 {
		return packet{}, Fragment
	}
	return parseHeaders(b)
}

func parseHeaders(b []byte) (packet, Drop) {
	if len(b) < ipHeader || b[0]>>4 != 4 {
		return packet{}, Malformed
	}
	transport := int(b[0]&0x0f) * 4
	const portsAndMore = 8 // what ICMP errors quote at least, and enough for every port here
	if transport < ipHeader || len(b) < transport+portsAndMore {
		return packet{}, Malformed
	}
	l, ok := layoutOf(b[ipProtocol], b[transport:])
	if !ok {
		return packet{}, Unsupported
	}
	return packet{bytes: b, transport: transport, layout: l}, Forwarded
}

func layoutOf(protocol uint8, transport []byte) (layout, bool) {
	switch protocol {
	case protocolUDP:
		return layout{sourcePort: 0, destinationPort: 2, checksum: udpChecksum, coversAddresses: true}, true
	case protocolTCP:
		return layout{sourcePort: 0, destinationPort: 2, checksum: 16, coversAddresses: true}, true
	case protocolICMP:
		return layoutOfICMP(transport[0])
	default:
		return layout{}, false
	}
}

const udpChecksum = 6

func (p packet) protocol() uint8 { return p.bytes[ipProtocol] }

func (p packet) source() endpoint { return p.endpoint(ipSource, p.sourcePort) }

func (p packet) destination() endpoint { return p.endpoint(ipDestination, p.destinationPort) }

func (p packet) endpoint(addr, port int) endpoint {
	e := endpoint{addr: address(p.bytes[addr : addr+4])}
	if port != none {
		e.port = binary.BigEndian.Uint16(p.bytes[p.transport+port:])
	}
	return e
}

func (p packet) setSource(e endpoint) { p.setEndpoint(ipSource, p.sourcePort, e) }

func (p packet) setDestination(e endpoint) { p.setEndpoint(ipDestination, p.destinationPort, e) }

// setEndpoint changes an address, and the port that goes with it if there is one, and all checksums that cover them.
func (p packet) setEndpoint(addr, port int, e endpoint) {
	for i := range 2 {
		word := binary.BigEndian.Uint16(e.addr[2*i:])
		old := p.replace(addr+2*i, word)
		p.updateChecksum(ipChecksum, old, word)
		if p.coversAddresses {
			p.updateTransportChecksum(old, word)
		}
	}
	if port != none {
		old := p.replace(p.transport+port, e.port)
		p.updateTransportChecksum(old, e.port)
	}
}

func (p packet) ttl() uint8 { return p.bytes[ipTTL] }

func (p packet) decrementTTL() {
	old := binary.BigEndian.Uint16(p.bytes[ipTTL:]) // the protocol shares its word
	p.updateChecksum(ipChecksum, p.replace(ipTTL, old-1<<8), old-1<<8)
}

// replace changes a word and returns what it was.
func (p packet) replace(offset int, word uint16) (old uint16) {
	old = binary.BigEndian.Uint16(p.bytes[offset:])
	binary.BigEndian.PutUint16(p.bytes[offset:], word)
	return old
}

// updateTransportChecksum is for packets as they arrive and for quoted ones, which may end before their checksum.
func (p packet) updateTransportChecksum(old, now uint16) {
	offset := p.transport + p.checksum
	if offset+2 > len(p.bytes) {
		return
	}
	if p.protocol() == protocolUDP && binary.BigEndian.Uint16(p.bytes[offset:]) == 0 {
		return // the sender did not compute one
	}
	p.updateChecksum(offset, old, now)
	if p.protocol() == protocolUDP && binary.BigEndian.Uint16(p.bytes[offset:]) == 0 {
		binary.BigEndian.PutUint16(p.bytes[offset:], 0xffff) // the other zero
	}
}

// updateChecksum tells the checksum at offset that a word which it covers has changed, or the sum of several (RFC 1624,
// equation 3). A wrong checksum stays wrong.
func (p packet) updateChecksum(offset int, old, now uint16) {
	sum := uint32(^binary.BigEndian.Uint16(p.bytes[offset:])) + uint32(^old) + uint32(now)
	binary.BigEndian.PutUint16(p.bytes[offset:], ^fold(sum))
}

// Checksum is the Internet checksum of b, with 0 in the place of the checksum itself (RFC 1071).
func Checksum(b []byte) uint16 { return ^sum(b) }

// sum is the ones' complement sum of the words of b.
func sum(b []byte) uint16 {
	var total uint32
	for ; len(b) >= 2; b = b[2:] {
		total += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		total += uint32(b[0]) << 8
	}
	return fold(total)
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

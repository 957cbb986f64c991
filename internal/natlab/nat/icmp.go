package nat

import "encoding/binary"

// The ICMP types that are translated.
const (
	icmpEchoReply              = 0
	icmpUnreachable            = 3
	icmpEchoRequest            = 8
	icmpTimeExceeded           = 11
	icmpParameterProblem       = 12
	icmpIdentifier             = 4 // its offset
	icmpChecksum               = 2 // its offset
	icmpHeader                 = 8 // its length
	icmpLargestError           = 576
	icmpErrorTTL         uint8 = 64
)

func layoutOfICMP(kind uint8) (layout, bool) {
	l := layout{sourcePort: none, destinationPort: none, checksum: icmpChecksum}
	switch kind {
	case icmpEchoRequest:
		l.sourcePort = icmpIdentifier
	case icmpEchoReply:
		l.destinationPort = icmpIdentifier
	case icmpUnreachable, icmpTimeExceeded, icmpParameterProblem:
		l.isError = true
	default:
		return layout{}, false
	}
	return l, true
}

// relatedToOutbound finds the mapping of the packet that an ICMP error from outside is about: one that the NAT sent.
func (t *Translator) relatedToOutbound(p packet) (*mapping, Drop) {
	quoted, drop := p.quoted()
	if drop != Forwarded {
		return nil, drop
	}
	m := t.table.ports[quoted.protocol()].owner[quoted.source().port]
	if quoted.source().addr != t.outside || m == nil || m.flows[quoted.destination()] == nil {
		return nil, Unrelated
	}
	return m, Forwarded
}

// translateErrorInward rewrites an ICMP error from outside and the packet that it quotes.
func translateErrorInward(p packet, m *mapping) {
	p.rewriteQuoted(func(quoted packet) { quoted.setSource(m.inside) })
	p.setDestination(m.inside)
}

// translateErrorOutward rewrites an ICMP error from inside and the packet that it quotes, which the NAT sent in.
func (t *Translator) translateErrorOutward(p packet) Drop {
	quoted, drop := p.quoted()
	if drop != Forwarded {
		return drop
	}
	m := t.table.find(quoted.protocol(), quoted.destination(), quoted.source())
	if m == nil || m.flows[quoted.source()] == nil {
		return Unrelated
	}
	outside := endpoint{t.outside, m.port}
	p.rewriteQuoted(func(quoted packet) { quoted.setDestination(outside) })
	p.setSource(outside)
	return Forwarded
}

// rewriteQuoted changes the packet that p quotes, which was found to be whole enough before.
func (p packet) rewriteQuoted(rewrite func(quoted packet)) {
	quoted, _ := p.quoted()
	before := sum(quoted.bytes)
	rewrite(quoted)
	p.updateChecksum(p.transport+icmpChecksum, before, sum(quoted.bytes))
}

// timeExceeded is the ICMP error that a router sends to the source of a packet whose TTL has run out. There is none
// about another error (RFC 1122, section 3.2.2).
func timeExceeded(p packet, router address) []byte {
	if p.isError {
		return nil
	}
	quoted := p.bytes[:min(len(p.bytes), icmpLargestError-ipHeader-icmpHeader)]
	b := newPacket(protocolICMP, router, p.source().addr, icmpHeader+len(quoted))
	icmp := b[ipHeader:]
	icmp[0] = icmpTimeExceeded
	copy(icmp[icmpHeader:], quoted)
	binary.BigEndian.PutUint16(icmp[icmpChecksum:], Checksum(icmp))
	return b
}

// newPacket is a packet with a complete IPv4 header and room for the rest.
func newPacket(protocol uint8, from, to address, length int) []byte {
	b := make([]byte, ipHeader+length)
	b[0] = 4<<4 | ipHeader/4
	binary.BigEndian.PutUint16(b[ipLength:], uint16(len(b)))
	b[ipTTL], b[ipProtocol] = icmpErrorTTL, protocol
	copy(b[ipSource:], from[:])
	copy(b[ipDestination:], to[:])
	binary.BigEndian.PutUint16(b[ipChecksum:], Checksum(b[:ipHeader]))
	return b
}

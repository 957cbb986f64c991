package nat

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
)

// The endpoints of these tests are written "address:port", with the identifier as port for ICMP echo.
func at(s string) endpoint {
	a := netip.MustParseAddrPort(s)
	return endpoint{a.Addr().As4(), a.Port()}
}

func (e endpoint) String() string {
	return netip.AddrPortFrom(netip.AddrFrom4(e.addr), e.port).String()
}

// udp is a UDP packet with right checksums.
func udp(from, to, text string) []byte {
	b := newPacket(protocolUDP, at(from).addr, at(to).addr, 8+len(text))
	binary.BigEndian.PutUint16(b[ipHeader+4:], uint16(8+len(text)))
	copy(b[ipHeader+8:], text)
	return finish(b, from, to)
}

// tcp is a TCP segment with these flags and right checksums.
func tcp(from, to string, flags byte) []byte {
	b := newPacket(protocolTCP, at(from).addr, at(to).addr, tcpHeader)
	binary.BigEndian.PutUint32(b[ipHeader+tcpSequence:], 1000)
	b[ipHeader+tcpDataOffset], b[ipHeader+tcpFlags] = tcpHeader/4<<4, flags
	return finish(b, from, to)
}

// finish adds ports and the transport checksum.
func finish(b []byte, from, to string) []byte {
	binary.BigEndian.PutUint16(b[ipHeader:], at(from).port)
	binary.BigEndian.PutUint16(b[ipHeader+2:], at(to).port)
	p := mustParse(b)
	binary.BigEndian.PutUint16(b[p.transport+p.checksum:], ^p.transportSum())
	return b
}

// echo is an ICMP echo request with the identifier as port of from, or a reply with the identifier as port of to.
func echo(kind byte, from, to string) []byte {
	b := newPacket(protocolICMP, at(from).addr, at(to).addr, icmpHeader+4)
	b[ipHeader] = kind
	binary.BigEndian.PutUint16(b[ipHeader+icmpIdentifier:], at(from).port|at(to).port)
	copy(b[ipHeader+icmpHeader:], "ping") // a checksum over nothing but zeros has two right values
	binary.BigEndian.PutUint16(b[ipHeader+icmpChecksum:], ^sum(b[ipHeader:]))
	return b
}

// icmpError is an error about a packet, of which it quotes so many bytes.
func icmpError(kind byte, from, to string, about []byte, length int) []byte {
	about = about[:min(length, len(about))]
	b := newPacket(protocolICMP, at(from).addr, at(to).addr, icmpHeader+len(about))
	b[ipHeader] = kind
	copy(b[ipHeader+icmpHeader:], about)
	binary.BigEndian.PutUint16(b[ipHeader+icmpChecksum:], ^sum(b[ipHeader:]))
	return b
}

func mustParse(b []byte) packet {
	p, drop := parse(b)
	if drop != Forwarded {
		panic(drop)
	}
	return p
}

// transportSum is the sum over everything that the transport checksum covers.
func (p packet) transportSum() uint16 {
	total := uint32(sum(p.bytes[p.transport:]))
	if p.coversAddresses {
		total += uint32(sum(p.bytes[ipSource:ipHeader])) + uint32(p.protocol()) + uint32(len(p.bytes)-p.transport)
	}
	return fold(total)
}

// wrongChecksums returns what is wrong with a packet that should have right checksums, "" if nothing is. What an error
// quotes counts as well, if it is whole.
func wrongChecksums(b []byte) string {
	p, drop := parse(b)
	if drop != Forwarded {
		return drop.String()
	}
	const right = 0xffff
	noChecksum := p.protocol() == protocolUDP && binary.BigEndian.Uint16(b[p.transport+udpChecksum:]) == 0
	switch {
	case sum(b[:p.transport]) != right:
		return "wrong header checksum"
	case p.transportSum() != right && !noChecksum:
		return "wrong transport checksum"
	case p.isError:
		quoted, _ := p.quoted()
		if sum(quoted.bytes[:quoted.transport]) != right {
			return "wrong header checksum in the quoted packet"
		}
		if whole := int(binary.BigEndian.Uint16(quoted.bytes[ipLength:])) == len(quoted.bytes); whole {
			return wrongChecksums(quoted.bytes)
		}
	}
	return ""
}

func TestPacketsThatCannotBeTranslatedHaveAReason(t *testing.T) {
	good := udp("192.168.1.2:5000", "203.0.113.1:3478", "hello")
	edit := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		return b
	}
	for name, c := range map[string]struct {
		packet []byte
		want   Drop
	}{
		"whole":                 {good, Forwarded},
		"with padding":          {append(bytes.Clone(good), 0, 0, 0), Forwarded},
		"nothing":               {nil, Malformed},
		"cut off":               {good[:len(good)-1], Malformed},
		"IPv6":                  {edit(func(b []byte) { b[0] = 0x65 }), Malformed},
		"short header":          {edit(func(b []byte) { b[0] = 0x44 }), Malformed},
		"header beyond packet":  {edit(func(b []byte) { b[0] = 0x4f }), Malformed},
		"length of nothing":     {edit(func(b []byte) { b[2], b[3] = 0, 0 }), Malformed},
		"half a TCP header":     {tcp("192.168.1.2:1", "203.0.113.1:1", flagSYN)[:20+8], Malformed},
		"first fragment":        {edit(func(b []byte) { b[6] = 0x20 }), Fragment},
		"later fragment":        {edit(func(b []byte) { b[7] = 1 }), Fragment},
		"may not be fragmented": {edit(func(b []byte) { b[6] = 0x40 }), Forwarded},
		"other protocol":        {edit(func(b []byte) { b[9] = 47 }), Unsupported},
		"other ICMP":            {echo(13, "192.168.1.2:5", "203.0.113.1:0"), Unsupported},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got := parse(c.packet); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestChangedFieldsKeepChecksumsRight(t *testing.T) {
	for name, b := range map[string][]byte{
		"udp":       udp("192.168.1.2:5000", "203.0.113.1:3478", "odd"),
		"tcp":       tcp("192.168.1.2:5000", "203.0.113.1:443", flagSYN),
		"ask":       echo(icmpEchoRequest, "192.168.1.2:77", "203.0.113.1:0"),
		"answer":    echo(icmpEchoReply, "192.168.1.2:0", "203.0.113.1:77"),
		"ip option": withOption(udp("192.168.1.2:5000", "203.0.113.1:3478", "odd")),
	} {
		t.Run(name, func(t *testing.T) {
			// Every port, so that all carries and both zeros of ones' complement come up.
			for port := range 1 << 16 {
				p := mustParse(b)
				p.setSource(endpoint{address{198, 51, byte(port), 1}, uint16(port)})
				p.setDestination(endpoint{address{10, byte(port >> 8), 0, 7}, ^uint16(port)})
				p.bytes[ipTTL] |= 1 // never 0
				binary.BigEndian.PutUint16(b[ipChecksum:], 0)
				binary.BigEndian.PutUint16(b[ipChecksum:], ^sum(b[:p.transport]))
				p.decrementTTL()
				if wrong := wrongChecksums(b); wrong != "" {
					t.Fatalf("port %d: %s", port, wrong)
				}
			}
		})
	}
}

// withOption adds an IP option that says nothing.
func withOption(b []byte) []byte {
	b = append(append(bytes.Clone(b[:ipHeader]), 1, 1, 1, 0), b[ipHeader:]...)
	b[0]++
	binary.BigEndian.PutUint16(b[ipLength:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[ipChecksum:], 0)
	binary.BigEndian.PutUint16(b[ipChecksum:], ^sum(b[:ipHeader+4]))
	return b
}

func TestWrongChecksumStaysWrong(t *testing.T) {
	b := udp("192.168.1.2:5000", "203.0.113.1:3478", "hello")
	b[len(b)-1]++
	mustParse(b).setSource(at("198.51.100.1:6000"))
	if wrong := wrongChecksums(b); wrong != "wrong transport checksum" {
		t.Errorf("checksums: %q", wrong)
	}
}

func TestAbsentUDPChecksumStaysAbsent(t *testing.T) {
	b := udp("192.168.1.2:5000", "203.0.113.1:3478", "hello")
	b[ipHeader+udpChecksum], b[ipHeader+udpChecksum+1] = 0, 0
	mustParse(b).setSource(at("198.51.100.1:6000"))
	if got := binary.BigEndian.Uint16(b[ipHeader+udpChecksum:]); got != 0 {
		t.Errorf("checksum %#x", got)
	}
}

// route is a packet's source and destination, as in "192.168.1.2:5000 > 203.0.113.1:3478".
func route(b []byte) string {
	p := mustParse(b)
	return fmt.Sprintf("%v > %v", p.source(), p.destination())
}

package portmap

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"
)

// serverPort is where routers take PCP and NAT-PMP requests.
const serverPort = 5351

// The PCP packet with the MAP opcode (RFC 6887 sections 7 and 11.1), request
// and response. A mapping is known by nonce, protocol and internal port.
//
//	 0       1       2               4                               8
//	┌───────┬───────┬───────────────┬───────────────────────────────┐
//	│ ver 2 │R opcod│ reserved, code│ lifetime, seconds             │
//	├───────┴───────┴───────────────┴───────────────────────────────┤
//	│ client's address (16)         │ response: epoch (4), reserved │
//	├───────────────────────────────┴───────────────────────────────┤ 24
//	│ nonce (12)                                                    │
//	├───────┬───────────────────────┬───────────────┬───────────────┤ 36
//	│ proto │ reserved (3)          │ internal port │ external port │
//	├───────┴───────────────────────┴───────────────┴───────────────┤ 44
//	│ external address (16), IPv4 as ::ffff:a.b.c.d                 │
//	└───────────────────────────────────────────────────────────────┘ 60
const (
	pcpVersion      = 2
	pcpHeaderLength = 24
	pcpMapLength    = 60
	pcpMaxLength    = 1100 // RFC 6887 section 7

	opcodeAnnounce = 0
	opcodeMap      = 1
	responseBit    = 0x80
	protocolUDP    = 17

	resultSuccess            = 0
	resultUnsupportedVersion = 1
)

// How long a refusal is believed. RFC 6887 section 7.4 recommends 30 s and
// 30 min to routers; shorter would pester one, longer would miss that its owner
// changed its mind.
const (
	minPause = 30 * time.Second
	maxPause = 30 * time.Minute
)

var errNoExternalAddress = errors.New("the router has no external address")

// pcp is the dialect of RFC 6887.
type pcp struct {
	client netip.Addr // our own address, which the router compares with the packet's
	port   uint16     // internal
	nonce  [12]byte   // the mapping's for its whole life
}

func (p pcp) requests(lifetime time.Duration, external netip.AddrPort) [][]byte {
	if !external.Addr().IsValid() {
		external = netip.AddrPortFrom(netip.IPv4Unspecified(), external.Port())
	}
	if lifetime == 0 { // no suggestions when removing: RFC 6887 section 15.1
		external = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	b := append(make([]byte, 0, pcpMapLength), pcpVersion, opcodeMap, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(lifetime/time.Second))
	b = appendAs16(b, p.client)
	b = append(b, p.nonce[:]...)
	b = append(b, protocolUDP, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, p.port)
	b = binary.BigEndian.AppendUint16(b, external.Port())
	return [][]byte{appendAs16(b, external.Addr())}
}

func appendAs16(b []byte, addr netip.Addr) []byte {
	bytes := addr.As16()
	return append(b, bytes[:]...)
}

func (p pcp) read(datagram []byte) (answer, bool) {
	if isOfVersion(datagram, natpmpVersion) {
		// A NAT-PMP router's way to say that it knows no PCP: RFC 6887 appendix A.
		return answer{refused: refusal{PCP, resultUnsupportedVersion}, pause: maxPause}, true
	}
	if told, ok := readAnnouncement(datagram); ok {
		return told, true
	}
	if !isPCP(datagram, opcodeMap) {
		return answer{}, false
	}
	told, code := answer{epoch: pcpEpoch(datagram), hasEpoch: true}, datagram[3]
	if code == resultUnsupportedVersion { // may end with the header
		told.refused, told.pause = refusal{PCP, int(code)}, maxPause
		return told, true
	}
	if len(datagram) < pcpMapLength || !p.isOurs(datagram) {
		return answer{}, false
	}
	told.mapping = true
	lifetime := time.Duration(binary.BigEndian.Uint32(datagram[4:])) * time.Second
	if code != resultSuccess {
		told.refused, told.pause = refusal{PCP, int(code)}, min(max(lifetime, minPause), maxPause)
		return told, true
	}
	told.lifetime = lifetime
	told.port = binary.BigEndian.Uint16(datagram[42:])
	told.address = netip.AddrFrom16([16]byte(datagram[44:])).Unmap()
	if lifetime > 0 && (!told.address.Is4() || told.address.IsUnspecified() || told.port == 0) {
		told.refused, told.pause = errNoExternalAddress, minPause
	}
	return told, true
}

// readAnnouncement decodes what a router sends to everybody when it has started.
// A router that knows NAT-PMP as well has one clock for both.
func readAnnouncement(datagram []byte) (answer, bool) {
	if !isPCP(datagram, opcodeAnnounce) || datagram[3] != resultSuccess {
		return answer{}, false
	}
	return answer{epoch: pcpEpoch(datagram), hasEpoch: true}, true
}

// isPCP reports whether datagram is a well-formed response to opcode, as far as
// its header goes.
func isPCP(datagram []byte, opcode byte) bool {
	return isOfVersion(datagram, pcpVersion) && datagram[1] == opcode|responseBit &&
		len(datagram) >= pcpHeaderLength && len(datagram) <= pcpMaxLength && len(datagram)%4 == 0
}

func pcpEpoch(datagram []byte) uint32 { return binary.BigEndian.Uint32(datagram[8:]) }

// isOurs reports whether a MAP response is about our mapping.
func (p pcp) isOurs(datagram []byte) bool {
	return [12]byte(datagram[24:]) == p.nonce && datagram[36] == protocolUDP &&
		binary.BigEndian.Uint16(datagram[40:]) == p.port
}

// isOfVersion reports whether datagram is a response of this version of the
// protocol family.
func isOfVersion(datagram []byte, version byte) bool {
	return len(datagram) >= 4 && datagram[0] == version && datagram[1]&responseBit != 0
}

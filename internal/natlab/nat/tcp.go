package nat

import "encoding/binary"

// Offsets and flags in the TCP header.
const (
	tcpSequence   = 4
	tcpAck        = 8
	tcpDataOffset = 12
	tcpFlags      = 13
	tcpHeader     = 20 // its length without options

	flagFIN = 0x01
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// tcpState is what a NAT remembers of a connection: who has said what. Its zero value is a connection that has not
// begun, and that of flows of other protocols.
type tcpState struct {
	syn, fin [2]bool // by Side
	reset    bool
}

func (s tcpState) established() bool { return s.syn[Inside] && s.syn[Outside] && !s.closed() }

func (s tcpState) closed() bool { return s.reset || s.fin[Inside] && s.fin[Outside] }

// observe takes note of a segment. One that begins a connection makes a fresh start of an old one.
func (s *tcpState) observe(from Side, p packet) {
	if p.beginsConnection() && s.closed() {
		*s = tcpState{}
	}
	flags := p.bytes[p.transport+tcpFlags]
	s.syn[from] = s.syn[from] || flags&flagSYN != 0
	s.fin[from] = s.fin[from] || flags&flagFIN != 0
	s.reset = s.reset || flags&flagRST != 0
}

// beginsConnection reports whether p is a TCP SYN, and not one that answers another.
func (p packet) beginsConnection() bool {
	return p.protocol() == protocolTCP && p.bytes[p.transport+tcpFlags]&(flagSYN|flagACK) == flagSYN
}

// reset is the answer of someone who does not listen to a SYN (RFC 9293, section 3.10.7.1).
func reset(p packet) []byte {
	from, to := p.destination(), p.source()
	b := newPacket(protocolTCP, from.addr, to.addr, tcpHeader)
	tcp := b[ipHeader:]
	binary.BigEndian.PutUint16(tcp, from.port)
	binary.BigEndian.PutUint16(tcp[2:], to.port)
	sequence := binary.BigEndian.Uint32(p.bytes[p.transport+tcpSequence:])
	binary.BigEndian.PutUint32(tcp[tcpAck:], sequence+1)
	tcp[tcpDataOffset] = tcpHeader / 4 << 4
	tcp[tcpFlags] = flagRST | flagACK
	checksum := uint32(sum(b[ipSource:ipHeader])) + protocolTCP + tcpHeader + uint32(sum(tcp))
	binary.BigEndian.PutUint16(tcp[16:], ^fold(checksum))
	return b
}

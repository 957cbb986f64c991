package hostilequic

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
)

const (
	version1 = 1
	// idSize is the size of the connection IDs that we choose.
	idSize = 8
	// InitialSize is the least size of a datagram with an Initial packet (RFC 9000
	// section 14.1), and the most that Send makes of frames.
	InitialSize = 1200

	longHeader    = 0x80
	fixedBit      = 0x40
	phaseBit      = 0x04
	initialType   = 0
	handshakeType = 2
)

// errPacket is for packets that are not for us, or damaged.
var errPacket = errors.New("packet cannot be read")

// header is what is in front of the frames.
type header struct {
	level       tls.QUICEncryptionLevel
	destination []byte
	source      []byte // of a long header
	phase       bool   // of a short one
	number      uint64
}

// seal appends a packet to b. Its frames are taken as they are.
func (k keys) seal(b []byte, h header, frames []byte) []byte {
	start := len(b)
	if h.level == tls.QUICEncryptionLevelApplication {
		b = append(b, fixedBit|numberSize-1|phase(h.phase))
		b = append(b, h.destination...)
	} else {
		b = appendLongHeader(b, h, numberSize+len(frames)+tagSize)
	}
	numberAt := len(b) - start
	b = binary.BigEndian.AppendUint32(b, uint32(h.number))
	packet := k.aead.Seal(b, k.nonce(h.number), frames, b[start:])[start:]
	k.protect(packet, numberAt, numberSize)
	return append(b[:start], packet...)
}

func phase(set bool) byte {
	if set {
		return phaseBit
	}
	return 0
}

func appendLongHeader(b []byte, h header, length int) []byte {
	kind := byte(handshakeType)
	if h.level == tls.QUICEncryptionLevelInitial {
		kind = initialType
	}
	b = append(b, longHeader|fixedBit|kind<<4|numberSize-1)
	b = binary.BigEndian.AppendUint32(b, version1)
	b = append(append(b, byte(len(h.destination))), h.destination...)
	b = append(append(b, byte(len(h.source))), h.source...)
	if kind == initialType {
		b = append(b, 0) // no token
	}
	return binary.BigEndian.AppendUint16(b, uint16(length)|0x4000)
}

// protect masks, or unmasks, what header protection covers.
func (k keys) protect(packet []byte, numberAt, size int) {
	mask := k.mask(packet, numberAt)
	packet[0] ^= mask[0] & firstMask(packet[0])
	for i := range size {
		packet[numberAt+i] ^= mask[1+i]
	}
}

func firstMask(first byte) byte {
	if first&longHeader != 0 {
		return 0x0f
	}
	return 0x1f
}

// split reads what is not protected of the first packet in a datagram, and says where
// its number begins. rest is what follows the packet.
func split(datagram []byte) (h header, packet []byte, numberAt int, rest []byte, err error) {
	if len(datagram) > 0 && datagram[0]&longHeader == 0 {
		if len(datagram) < 1+idSize+numberSize+sampleSize {
			return header{}, nil, 0, nil, errPacket
		}
		return header{level: tls.QUICEncryptionLevelApplication, destination: datagram[1:][:idSize]}, datagram, 1 + idSize, nil, nil
	}
	r := reader{rest: datagram}
	kind := r.octets(1)
	r.octets(4) // the version
	h.destination = r.octets(r.octet())
	h.source = r.octets(r.octet())
	switch {
	case r.failed:
		return header{}, nil, 0, nil, errPacket
	case kind[0]>>4&3 == initialType:
		h.level = tls.QUICEncryptionLevelInitial
		r.counted() // the token
	case kind[0]>>4&3 == handshakeType:
		h.level = tls.QUICEncryptionLevelHandshake
	default:
		return header{}, nil, 0, nil, errPacket
	}
	length := r.number()
	numberAt = len(datagram) - len(r.rest)
	if r.failed || length > uint64(len(r.rest)) || length < numberSize+sampleSize {
		return header{}, nil, 0, nil, errPacket
	}
	end := numberAt + int(length)
	return h, datagram[:end], numberAt, datagram[end:], nil
}

// unprotect unmasks the header of a packet and reads the rest of it; largest is the
// largest number of its level that was opened before. The frames begin where it says.
func (k keys) unprotect(packet []byte, numberAt int, h *header, largest uint64) (framesAt int) {
	mask := k.mask(packet, numberAt)
	size := int((packet[0]^mask[0])&3) + 1
	k.protect(packet, numberAt, size)
	var truncated uint64
	for _, octet := range packet[numberAt:][:size] {
		truncated = truncated<<8 | uint64(octet)
	}
	h.number = expandNumber(truncated, size, largest)
	h.phase = packet[0]&(longHeader|phaseBit) == phaseBit
	return numberAt + size
}

// open decrypts the frames of a packet whose header is unmasked.
func (k keys) open(packet []byte, framesAt int, number uint64) ([]byte, error) {
	return k.aead.Open(nil, k.nonce(number), packet[framesAt:], packet[:framesAt])
}

// expandNumber is RFC 9000 appendix A.3.
func expandNumber(truncated uint64, size int, largest uint64) uint64 {
	window := uint64(1) << (8 * size)
	candidate := (largest+1)&^(window-1) | truncated
	switch {
	case candidate+window/2 <= largest+1 && candidate+window < 1<<62:
		return candidate + window
	case candidate > largest+1+window/2 && candidate >= window:
		return candidate - window
	}
	return candidate
}

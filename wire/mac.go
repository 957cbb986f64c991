package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrForged is returned for a probe or a probe reply whose MAC is wrong: it
// was not made by a holder of the key. It deserves no answer.
var ErrForged = errors.New("probe is not authentic")

// A ProbeKey authenticates the probes and the replies that one peer of one
// session sends; the other peer has its own. Package internal/identity derives
// both from the peers' identities.
type ProbeKey [32]byte

// Format implements fmt.Formatter: no verb shows the key.
func (ProbeKey) Format(state fmt.State, _ rune) { io.WriteString(state, "probe key(…)") }

// MarshalText implements encoding.TextMarshaler, for JSON and logs.
func (ProbeKey) MarshalText() ([]byte, error) { return []byte("probe key(…)"), nil }

// macSize is how many bytes of HMAC-SHA256 are sent. 128 bits cannot be guessed
// within any number of probes that a path can carry.
const macSize = 16

// macAttributeSize is MAC's size on the wire.
const macAttributeSize = attributeHeaderSize + macSize

// maxMACInput bounds what hmacSHA256 is used for: a full probe is the longest.
const maxMACInput = FullProbeSize

// hmacSHA256 is HMAC-SHA256 (RFC 2104) of at most maxMACInput bytes. Unlike
// crypto/hmac it allocates nothing: a login flood makes the rendezvous compute
// one per datagram, and so does every forged probe at a peer.
func hmacSHA256(key *[32]byte, message []byte) [32]byte {
	const block = sha256.BlockSize
	var inner [block + maxMACInput]byte
	var outer [block + sha256.Size]byte
	for i := range block {
		inner[i], outer[i] = 0x36, 0x5c
	}
	for i, octet := range key {
		inner[i] ^= octet
		outer[i] ^= octet
	}
	size := copy(inner[block:], message)
	digest := sha256.Sum256(inner[:block+size])
	copy(outer[block:], digest[:])
	return sha256.Sum256(outer[:])
}

// messageMAC authenticates head, a STUN message up to its MAC attribute, with
// the header's length as if MAC were the last attribute, like
// MESSAGE-INTEGRITY (RFC 8489 section 14.5).
func messageMAC(head []byte, key ProbeKey) [macSize]byte {
	var buffer [maxMACInput]byte
	message := buffer[:copy(buffer[:], head)]
	binary.BigEndian.PutUint16(message[2:], uint16(len(head)+macAttributeSize-stunHeaderSize))
	sum := hmacSHA256((*[32]byte)(&key), message)
	return [macSize]byte(sum[:macSize])
}

// appendMAC authenticates the message that began at b[start].
func appendMAC(b []byte, start int, key ProbeKey) []byte {
	mac := messageMAC(b[start:], key)
	return appendAttribute(b, attrMAC, mac[:])
}

// checkMAC checks that the message d ends with a MAC of all before it and a
// fingerprint.
func (a *attributes) checkMAC(d []byte, key ProbeKey) error {
	if a.mac == nil || a.fingerprint == nil {
		return errMissing
	}
	head := len(d) - fingerprintSize - macAttributeSize
	if len(a.mac) != macSize || &a.mac[0] != &d[head+attributeHeaderSize] {
		return errAttribute
	}
	mac := messageMAC(d[:head], key)
	if !hmac.Equal(mac[:], a.mac) {
		return ErrForged
	}
	return nil
}

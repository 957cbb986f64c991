package hostilequic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
)

const (
	keySize    = 16 // of AES-128
	tagSize    = 16
	sampleSize = 16 // what header protection looks at (RFC 9001 section 5.4.2)
	// numberSize is the size of the packet numbers that we send: always the longest.
	// What is sampled begins so far behind the beginning of any number.
	numberSize = 4
)

// initialSalt is version 1's (RFC 9001 section 5.2).
var initialSalt = []byte{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}

// keys protect the packets of one direction and one level, with AES-128-GCM. The zero
// value has none yet.
type keys struct {
	secret []byte // of which the next generation is made
	aead   cipher.AEAD
	iv     []byte
	header cipher.Block
	// generation counts the updates; the phase bit of 1-RTT packets says if it is odd.
	generation int
}

func (k keys) phase() bool { return k.generation%2 == 1 }

// initialKeys returns the keys of Initial packets, which everybody can compute who has
// seen the first packet's destination.
func initialKeys(destination []byte) (client, server keys, err error) {
	secret, err := hkdf.Extract(sha256.New, destination, initialSalt)
	if err != nil {
		return keys{}, keys{}, err
	}
	if client, err = newKeys(tls.TLS_AES_128_GCM_SHA256, expand(secret, "client in", sha256.Size)); err != nil {
		return keys{}, keys{}, err
	}
	server, err = newKeys(tls.TLS_AES_128_GCM_SHA256, expand(secret, "server in", sha256.Size))
	return client, server, err
}

// newKeys derives keys from a secret of TLS (RFC 9001 section 5.1).
func newKeys(suite uint16, secret []byte) (keys, error) {
	if suite != tls.TLS_AES_128_GCM_SHA256 {
		return keys{}, fmt.Errorf("%s was negotiated: only AES-128-GCM is spoken here, which Go prefers where the processor has AES", tls.CipherSuiteName(suite))
	}
	header, err := aes.NewCipher(expand(secret, "quic hp", keySize))
	if err != nil {
		return keys{}, err
	}
	k := keys{secret: secret, header: header}
	return k, k.derive()
}

// next returns the keys after an update (RFC 9001 section 6): header protection stays.
func (k keys) next() (keys, error) {
	k.secret = expand(k.secret, "quic ku", sha256.Size)
	k.generation++
	return k, k.derive()
}

func (k *keys) derive() error {
	block, err := aes.NewCipher(expand(k.secret, "quic key", keySize))
	if err != nil {
		return err
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return err
	}
	k.iv = expand(k.secret, "quic iv", k.aead.NonceSize())
	return nil
}

// expand is HKDF-Expand-Label with no context (RFC 8446 section 7.1).
func expand(secret []byte, label string, size int) []byte {
	label = "tls13 " + label
	info := append([]byte{0, byte(size), byte(len(label))}, label...)
	key, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), size)
	if err != nil {
		panic(err) // only for sizes that no label here has
	}
	return key
}

// nonce is the one of a packet.
func (k keys) nonce(number uint64) []byte {
	nonce := append([]byte(nil), k.iv...)
	last := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(last, binary.BigEndian.Uint64(last)^number)
	return nonce
}

// mask is what header protection is applied with to the first octet and to the packet
// number that begins at an offset.
func (k keys) mask(packet []byte, numberAt int) []byte {
	mask := make([]byte, k.header.BlockSize())
	k.header.Encrypt(mask, packet[numberAt+numberSize:][:sampleSize])
	return mask
}

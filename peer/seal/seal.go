// Package seal puts a message into an envelope that only its recipient can
// open, and only its sender can have made. Envelopes travel through the
// rendezvous, which sees their length and nothing else, and reach a peer
// before any session with it exists; the daemon (peer) is the only user.
//
//	 0        1                   9                  41
//	+---------+-------------------+------------------+----------------------------+
//	| version | prekey id         | encapsulated key | ciphertext                 |
//	| 1 byte  | 8, big endian     | 32 (X25519)      | signature 64, content, tag |
//	+---------+-------------------+------------------+----------------------------+
//
// The ciphertext is HPKE (RFC 9180) in base mode to the prekey named by the
// prekey id, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
// ChaCha20-Poly1305. Its associated data is the version and the prekey id, its
// info the two identities:
//
//	info      = "peerd envelope v1" || sender key || recipient key
//	signature = Ed25519(sender, "peerd envelope v1" || sender key || recipient key ||
//	                            prekey id || encapsulated key || content)
//
// HPKE's base mode does not say who sealed. The signature does, and it is of
// the sender's identity, so that a thief of the recipient's keys can read but
// cannot write to the recipient in another's name (key compromise
// impersonation). Because recipient, prekey and encapsulated key are signed, a
// recipient cannot pass the content on as if it had been sealed for somebody
// else. Because the signature is inside, an onlooker cannot tell who sealed.
//
// What this package is NOT: it keeps no keys (package store does), and it does
// not notice an envelope that comes twice; what is inside has an id for that.
// The content is as safe as the prekey's private half: delete that in time.
package seal

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"fmt"

	"peerd/internal/identity"
	"peerd/wire"
)

const (
	// Version is the first byte of every envelope of this layout.
	Version = 1
	// Overhead is how much longer an envelope is than its content.
	Overhead = headerSize + encapsulatedSize + ed25519.SignatureSize + tagSize
	// MaxContent is the longest content Seal takes. A larger bound makes
	// envelopes that the control connection does not carry.
	MaxContent = wire.MaxSealed - Overhead

	headerSize       = 1 + 8
	encapsulatedSize = 32
	tagSize          = 16
)

// domain keeps signatures and keys made here from meaning anything elsewhere.
const domain = "peerd envelope v1"

var (
	// ErrMalformed means that the bytes are no envelope of this version.
	ErrMalformed = errors.New("not a sealed envelope")
	// ErrForged means that an envelope or a prekey is not by whom it should
	// be, or not for whom it should be, or was changed on the way.
	ErrForged = errors.New("forged or damaged")
	// ErrNoPrekey means that the recipient has published no prekey: there is
	// no envelope for it, and the message has to wait for a session.
	ErrNoPrekey = errors.New("recipient has published no prekey")
	// ErrTooLarge means that the content is longer than MaxContent.
	ErrTooLarge = errors.New("content does not fit into an envelope")
)

// Seal signs content as self and encrypts it for recipient's prekey. The
// prekey may come from an untrusted place: one that recipient has not signed
// is refused with ErrForged. It does not keep content.
func Seal(self *identity.Identity, recipient wire.Key, prekey wire.SignedPrekey, content []byte) ([]byte, error) {
	if len(content) > MaxContent {
		return nil, fmt.Errorf("seal %d bytes: %w (limit %d)", len(content), ErrTooLarge, MaxContent)
	}
	if prekey.ID == 0 {
		return nil, fmt.Errorf("seal for %s: %w", recipient, ErrNoPrekey)
	}
	if !VerifyPrekey(recipient, prekey) {
		return nil, fmt.Errorf("seal for %s: prekey %x: %w", recipient, prekey.ID, ErrForged)
	}
	public, err := kem().NewPublicKey(prekey.Public[:])
	if err != nil {
		return nil, fmt.Errorf("seal for %s: read prekey: %w", recipient, err)
	}
	encapsulated, sender, err := hpke.NewSender(public, kdf(), aead(), info(self.Key(), recipient))
	if err != nil {
		return nil, fmt.Errorf("seal for %s: encapsulate: %w", recipient, err)
	}

	header := appendHeader(make([]byte, 0, len(content)+Overhead), prekey.ID)
	signature := self.Sign(statement(self.Key(), recipient, prekey.ID, encapsulated, content))
	ciphertext, err := sender.Seal(header, append(signature, content...))
	if err != nil {
		return nil, fmt.Errorf("seal for %s: encrypt: %w", recipient, err)
	}
	return append(append(header, encapsulated...), ciphertext...), nil
}

// PrekeyID tells which prekey opens sealed. Nothing is verified yet: the
// answer is good for a look-up, no more. The error is ErrMalformed.
func PrekeyID(sealed []byte) (uint64, error) {
	switch {
	case len(sealed) < Overhead || len(sealed) > wire.MaxSealed:
		return 0, fmt.Errorf("%w: %d bytes long", ErrMalformed, len(sealed))
	case sealed[0] != Version:
		return 0, fmt.Errorf("%w: version %d, this program knows %d", ErrMalformed, sealed[0], Version)
	}
	id := binary.BigEndian.Uint64(sealed[1:headerSize])
	if id == 0 {
		return 0, fmt.Errorf("%w: prekey id is 0", ErrMalformed)
	}
	return id, nil
}

// Open decrypts sealed with the private half of the prekey that PrekeyID names
// and verifies that sender sealed it for self. The content is newly allocated.
// The error is ErrMalformed or ErrForged for what came from outside, and
// another one only when private is not a key.
func Open(self wire.Key, sender wire.Key, private []byte, sealed []byte) (content []byte, err error) {
	id, err := PrekeyID(sealed)
	if err != nil {
		return nil, fmt.Errorf("open envelope of %s: %w", sender, err)
	}
	key, err := kem().NewPrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("open envelope of %s: read private prekey: %w", sender, err)
	}
	header, encapsulated := sealed[:headerSize], sealed[headerSize:headerSize+encapsulatedSize]
	recipient, err := hpke.NewRecipient(encapsulated, key, kdf(), aead(), info(sender, self))
	if err != nil {
		return nil, fmt.Errorf("open envelope of %s: %w: decapsulate: %v", sender, ErrForged, err)
	}
	plaintext, err := recipient.Open(header, sealed[headerSize+encapsulatedSize:])
	if err != nil {
		return nil, fmt.Errorf("open envelope of %s: %w: decrypt: %v", sender, ErrForged, err)
	}
	signature, content := plaintext[:ed25519.SignatureSize], plaintext[ed25519.SignatureSize:]
	if !ed25519.Verify(sender[:], statement(sender, self, id, encapsulated, content), signature) {
		return nil, fmt.Errorf("open envelope of %s: %w: not signed by the sender", sender, ErrForged)
	}
	return content, nil
}

func appendHeader(b []byte, prekeyID uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, Version), prekeyID)
}

// info binds the key schedule to both identities.
func info(sender, recipient wire.Key) []byte {
	b := append([]byte(domain), sender[:]...)
	return append(b, recipient[:]...)
}

// statement is what the sender signs. Every field before content has a fixed
// length, so no two envelopes share one.
func statement(sender, recipient wire.Key, prekeyID uint64, encapsulated, content []byte) []byte {
	b := info(sender, recipient)
	b = binary.BigEndian.AppendUint64(b, prekeyID)
	b = append(b, encapsulated...)
	return append(b, content...)
}

// The cipher suite. ChaCha20-Poly1305 is fast, and constant in time, also on
// small home servers, whose processors often lack AES instructions.
func kem() hpke.KEM   { return hpke.DHKEM(ecdh.X25519()) }
func kdf() hpke.KDF   { return hpke.HKDFSHA256() }
func aead() hpke.AEAD { return hpke.ChaCha20Poly1305() }

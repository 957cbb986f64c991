package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
)

// KeySize is the length of a Key in bytes.
const KeySize = ed25519.PublicKeySize

// A Key is an Ed25519 public key: the identity of a peer or of a rendezvous.
// The zero Key identifies nobody. Keys are comparable and usable as map keys.
type Key [KeySize]byte

// textEncoding is lower-case base32 without padding: it survives a double
// click, a phone call and a shell, and never begins with a dash.
var textEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ParseKey reads the 52-character text form of a key.
func ParseKey(text string) (Key, error) {
	var key Key
	raw, err := textEncoding.DecodeString(text)
	if err != nil || len(raw) != KeySize {
		return Key{}, fmt.Errorf("parse key %q: want %d characters of lower-case base32", text, textEncoding.EncodedLen(KeySize))
	}
	copy(key[:], raw)
	return key, nil
}

// String returns the 52-character text form.
func (k Key) String() string { return textEncoding.EncodeToString(k[:]) }

// IsZero reports whether k identifies nobody.
func (k Key) IsZero() bool { return k == Key{} }

// MarshalText implements encoding.TextMarshaler.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Key) UnmarshalText(text []byte) (err error) {
	*k, err = ParseKey(string(text))
	return err
}

// Compare orders keys bytewise. The lower key of a pair dials the session.
func (k Key) Compare(other Key) int { return bytes.Compare(k[:], other[:]) }

// An Instance is 16 random bytes drawn anew at every start of a peer, so that
// a restarted peer is never mistaken for the one before it.
type Instance [16]byte

// A SessionID names the session of two running peers. Both peers and the
// rendezvous derive the same value; see DeriveSessionID.
type SessionID [16]byte

// String returns the 26-character text form.
func (s SessionID) String() string { return textEncoding.EncodeToString(s[:]) }

// DeriveSessionID returns the id of the session between peer a, running as
// instance ia, and peer b, running as instance ib. It is symmetric:
// swapping the two sides gives the same id.
func DeriveSessionID(a Key, ia Instance, b Key, ib Instance) SessionID {
	if a.Compare(b) > 0 {
		a, ia, b, ib = b, ib, a, ia
	}
	h := sha256.New()
	h.Write([]byte("peerd session v1"))
	h.Write(a[:])
	h.Write(ia[:])
	h.Write(b[:])
	h.Write(ib[:])
	return SessionID(h.Sum(nil)[:16])
}

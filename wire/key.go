package wire

import (
	"bytes"
	"crypto/ed25519"
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

// ParseKey reads the 52-character text form of a key. A key has exactly one
// text form, so that what a user compares by eye is compared whole.
func ParseKey(text string) (Key, error) {
	var key Key
	if !parseTextForm(key[:], text) {
		return Key{}, fmt.Errorf("parse key %.60q: want %d characters of lower-case base32", text, textEncoding.EncodedLen(KeySize))
	}
	return key, nil
}

// parseTextForm fills out from its one text form. Go's decoder also skips line
// breaks and ignores the bits left over in the last character; we do neither.
func parseTextForm(out []byte, text string) bool {
	if len(text) != textEncoding.EncodedLen(len(out)) {
		return false
	}
	raw, err := textEncoding.DecodeString(text)
	if err != nil || textEncoding.EncodeToString(raw) != text {
		return false
	}
	return copy(out, raw) == len(out)
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

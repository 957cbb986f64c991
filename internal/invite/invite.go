// Package invite is the one string by which a peer joins a circle:
//
//	peerd://rendezvous.example:7700/family#KEYPIN.TOKEN
//	        └──── Address ────────┘└Circle┘└─┬──┘ └─┬─┘
//	               the rendezvous' key, 52 characters, and 16 random bytes, 26 characters
//
// The part after '#' is a URL's fragment, which no browser or proxy sends on. The
// pin makes the first contact as safe as every later one: the peer knows which key
// must answer. The token makes its holder a member, so the whole string is a secret
// until it is used up; the rendezvous keeps only its Hash.
//
// The package does not know which tokens are valid: that is the rendezvous'.
package invite

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"net/url"

	"peerd/internal/name"
	"peerd/wire"
)

const (
	// TokenSize is the length of a token in bytes: 128 bits, which nobody guesses
	// at any rate a rendezvous can answer.
	TokenSize = 16

	// DefaultPort is the rendezvous' port when an invite names none.
	DefaultPort = "7700"

	scheme = "peerd://"

	// openWord stands where the token would: too short to be one.
	openWord = "open"
)

// tokenText is the alphabet of keys, so that pin and token look like one word.
var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Invite is a parsed invite. fmt, JSON and logs show it without its token; String
// is the only way to the whole secret.
type Invite struct {
	Address string   // HOST:PORT of the rendezvous; an IPv6 address is in brackets
	Circle  string   // normalised, see package name
	Server  wire.Key // the key that must answer there
	Token   []byte   // TokenSize bytes, never shared or logged; none where anybody may join
}

// New draws the token of a new invite. The address may lack a port.
func New(address, circle string, server wire.Key) (Invite, error) {
	made, err := NewOpen(address, circle, server)
	if err != nil {
		return Invite{}, err
	}
	made.Token = make([]byte, TokenSize)
	rand.Read(made.Token) // never fails: crypto/rand ends the process instead
	return made, nil
}

// NewOpen returns the address of a circle that anybody may join. It may lack a port.
func NewOpen(address, circle string, server wire.Key) (Invite, error) {
	address, err := parseAddress(address)
	if err != nil {
		return Invite{}, fmt.Errorf("make an invite: %w", err)
	}
	if circle, err = name.Normalize(circle); err != nil {
		return Invite{}, fmt.Errorf("make an invite: circle: %w", err)
	}
	return Invite{Address: address, Circle: circle, Server: server}, nil
}

// Hash is what the rendezvous stores in place of the token. The token is random,
// so a plain SHA-256 cannot be searched.
func Hash(token []byte) [32]byte { return sha256.Sum256(token) }

// IsOpen reports whether the invite has no secret: anybody may join with it.
func (i Invite) IsOpen() bool { return len(i.Token) == 0 }

// String returns the whole secret string. Show it to the user who asked for it and
// to nobody else; everything else uses Redacted.
func (i Invite) String() string {
	if i.IsOpen() {
		return i.public() + openWord
	}
	return i.public() + tokenText.EncodeToString(i.Token)
}

// Redacted returns the invite without its token, for logs and errors.
func (i Invite) Redacted() string {
	if i.IsOpen() {
		return i.String()
	}
	return i.public() + "…"
}

func (i Invite) public() string {
	return scheme + i.Address + "/" + url.PathEscape(i.Circle) + "#" + i.Server.String() + "."
}

// Format implements fmt.Formatter: every verb prints Redacted.
func (i Invite) Format(state fmt.State, _ rune) { io.WriteString(state, i.Redacted()) }

// MarshalText implements encoding.TextMarshaler, so that JSON and logs get
// Redacted. To keep an invite, keep String.
func (i Invite) MarshalText() ([]byte, error) { return []byte(i.Redacted()), nil }

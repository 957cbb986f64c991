// Package identity is who a peer or a rendezvous is: one Ed25519 key, kept in a
// file that only its owner can read, and everything that follows from that key.
//
//	identity.key ──► Identity ──► Key          the 32 bytes everybody else knows us by
//	                         ├──► Sign         prekeys and envelopes
//	                         ├──► *tls.Config  control connections and QUIC sessions
//	                         └──► ProbeKeys    the MAC keys of a session's probes
//
// There is no certificate authority here. A certificate is only the envelope in
// which TLS carries an Ed25519 key: its dates, names and issuer are never looked
// at, so a wrong clock cannot lock anybody out. Whether a key is the right one is
// decided by the pin the caller gives, never by this package. It keeps no list of
// known keys, and no names.
package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"

	"peerd/wire"
)

// Identity is an Ed25519 private key and what follows from it. It is immutable
// and safe for concurrent use. The zero Identity is not usable: make one with
// LoadOrCreate or Generate.
//
// However an Identity is printed, only its public key shows.
type Identity struct {
	key wire.Key

	secret *secret
}

// secret leads to what is secret by one pointer more than fmt follows, whatever the
// verb: an Identity stays secret even in a field whose methods fmt may not call.
type secret struct{ *keys }

type keys struct {
	private     ed25519.PrivateKey
	certificate tls.Certificate
}

// Generate draws a new identity that no file holds, for tests and demos.
func Generate() (*Identity, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("draw an identity key: %w", err)
	}
	return newIdentity(private)
}

func newIdentity(private ed25519.PrivateKey) (*Identity, error) {
	certificate, err := selfSigned(private)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of an identity: %w", err)
	}
	return &Identity{
		key:    wire.Key(private.Public().(ed25519.PublicKey)),
		secret: &secret{&keys{private: private, certificate: certificate}},
	}, nil
}

// Key returns the public key.
func (i *Identity) Key() wire.Key { return i.key }

// Sign returns the Ed25519 signature of message (RFC 8032, pure Ed25519). The
// caller puts a purpose in front of what it signs ("peerd prekey v1"), so that a
// signature made for one use is worthless for another.
func (i *Identity) Sign(message []byte) []byte {
	return ed25519.Sign(i.secret.private, message)
}

// String returns the public key in a form that says what it is.
func (i Identity) String() string { return "identity(" + i.key.String() + ")" }

// Format implements fmt.Formatter, so that no verb, not even %x or %#v, shows
// the private key.
func (i Identity) Format(state fmt.State, _ rune) { io.WriteString(state, i.String()) }

// MarshalText implements encoding.TextMarshaler, so that JSON and logs show only
// the public key.
func (i Identity) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

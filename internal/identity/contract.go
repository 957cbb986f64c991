// Package identity: CONTRACT STUB, its owner replaces this file.
package identity

import (
	"crypto/ed25519"
	"crypto/tls"

	"peerd/wire"
)

// Identity is an Ed25519 private key and what follows from it.
type Identity struct{ private ed25519.PrivateKey }

// LoadOrCreate reads DIR/identity.key (0600), creating it atomically when it does not exist.
func LoadOrCreate(dir string) (*Identity, error) { panic("stub") }

// Generate draws a new identity, for tests and demos.
func Generate() (*Identity, error) { panic("stub") }

// Key returns the public key.
func (i *Identity) Key() wire.Key { panic("stub") }

// Sign signs message (Ed25519).
func (i *Identity) Sign(message []byte) []byte { panic("stub") }

// ServerTLS: TLS 1.3 only, self-signed certificate, any Ed25519 client certificate required, no tickets.
func (i *Identity) ServerTLS(alpn string) *tls.Config { panic("stub") }

// ClientTLS: the same, and the server's key must be exactly pin. Dates and names of certificates are ignored.
func (i *Identity) ClientTLS(alpn string, pin wire.Key) *tls.Config { panic("stub") }

// PeerKey returns the Ed25519 key the other side proved in the handshake.
func PeerKey(state tls.ConnectionState) (wire.Key, error) { panic("stub") }

// ProbeKeys derives the MAC keys of a session's probes from both peers' identity keys:
// X25519 between the identities (Edwards to Montgomery), HKDF-SHA256 with the session as salt and
// the sender's key in the info, so that each direction has its own key and a reflected probe is not valid.
func (i *Identity) ProbeKeys(peer wire.Key, session wire.SessionID) (send, receive wire.ProbeKey, err error) {
	panic("stub")
}

// Package seal: CONTRACT STUB, its owner replaces this file.
package seal

import (
	"peerd/internal/identity"
	"peerd/wire"
)

// NewPrekey draws an X25519 HPKE key pair and signs its public half.
func NewPrekey(self *identity.Identity, id uint64) (wire.SignedPrekey, []byte /* private */, error) {
	panic("stub")
}

// VerifyPrekey reports whether owner signed p.
func VerifyPrekey(owner wire.Key, p wire.SignedPrekey) bool { panic("stub") }

// Seal encrypts content for recipient's prekey and signs it as self.
func Seal(self *identity.Identity, recipient wire.Key, prekey wire.SignedPrekey, content []byte) ([]byte, error) {
	panic("stub")
}

// PrekeyID tells which prekey opens sealed.
func PrekeyID(sealed []byte) (uint64, error) { panic("stub") }

// Open decrypts with the private half of the prekey and verifies that sender sealed it for self.
func Open(self wire.Key, sender wire.Key, private []byte, sealed []byte) (content []byte, err error) {
	panic("stub")
}

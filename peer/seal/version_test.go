package seal

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"testing"
)

// An envelope's version is associated data of what is encrypted: a program that knew
// two versions would notice that one had been made the other.
func TestT26VersionOfAnEnvelopeIsAuthenticated(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	sealed := mustSeal(t, alice, bob, []byte("hello"))
	open := func(header []byte) error {
		key, err := kem().NewPrivateKey(bob.private)
		if err != nil {
			t.Fatal(err)
		}
		recipient, err := hpke.NewRecipient(sealed[headerSize:headerSize+encapsulatedSize], key, kdf(), aead(), info(alice.Key(), bob.Key()))
		if err != nil {
			t.Fatal(err)
		}
		_, err = recipient.Open(header, sealed[headerSize+encapsulatedSize:])
		return err
	}
	if err := open(sealed[:headerSize]); err != nil {
		t.Fatalf("as it was sealed: %v", err)
	}
	for version := range 256 {
		header := append([]byte{byte(version)}, sealed[1:headerSize]...)
		if version != Version && open(header) == nil {
			t.Errorf("it opens as one of version %d", version)
		}
		changed := append(bytes.Clone(header), sealed[headerSize:]...)
		if _, err := Open(bob.Key(), alice.Key(), bob.private, changed); version != Version && !errors.Is(err, ErrMalformed) {
			t.Errorf("version %d: %v", version, err)
		}
	}
}

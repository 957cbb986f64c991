package seal

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"peerd/internal/identity"
	"peerd/wire"
)

// prekeyDomain begins what the owner of a prekey signs.
const prekeyDomain = "peerd prekey v1"

// An id says when its prekey was made, so that the owner's signature dates it:
// nobody can hand out an old one as new.
//
//	seconds since 1970 (4, big endian) || random (4)
//
// Until datedSince, 1 November 2026, ids were random.
const datedSince = 1793491200

// NewPrekeyID draws the id of a prekey that is made at that time.
func NewPrekeyID(made time.Time) uint64 {
	var random [4]byte
	rand.Read(random[:])
	// The last bit keeps the id from being 0, whatever the clock says.
	return uint64(uint32(made.Unix()))<<32 | uint64(binary.BigEndian.Uint32(random[:])) | 1
}

// PrekeyMade returns when the prekey with this id was made; false when the id does
// not say. A random id of old says something by chance, once in a hundred times.
func PrekeyMade(id uint64) (time.Time, bool) {
	seconds := int64(id >> 32)
	return time.Unix(seconds, 0), seconds >= datedSince
}

// NewPrekey draws an X25519 HPKE key pair and signs its public half as self.
// The id must not be 0, which means "no prekey", and must be fresh: peers ask
// for the private half by it. The private half is 32 secret bytes, the
// caller's to keep and to delete.
func NewPrekey(self *identity.Identity, id uint64) (wire.SignedPrekey, []byte, error) {
	if id == 0 {
		return wire.SignedPrekey{}, nil, errors.New("make prekey: id 0 means none, choose another")
	}
	key, err := kem().GenerateKey()
	if err != nil {
		return wire.SignedPrekey{}, nil, fmt.Errorf("make prekey: %w", err)
	}
	private, err := key.Bytes()
	if err != nil {
		return wire.SignedPrekey{}, nil, fmt.Errorf("make prekey: %w", err)
	}
	return signPrekey(self, id, key.PublicKey()), private, nil
}

// Republish returns what NewPrekey returned for this id and private half, so
// that only the private half has to be kept.
func Republish(self *identity.Identity, id uint64, private []byte) (wire.SignedPrekey, error) {
	key, err := kem().NewPrivateKey(private)
	if err != nil {
		return wire.SignedPrekey{}, fmt.Errorf("publish prekey %x again: %w", id, err)
	}
	return signPrekey(self, id, key.PublicKey()), nil
}

func signPrekey(self *identity.Identity, id uint64, public hpke.PublicKey) wire.SignedPrekey {
	prekey := wire.SignedPrekey{ID: id, Public: [32]byte(public.Bytes())}
	prekey.Signature = [64]byte(self.Sign(prekeyStatement(prekey)))
	return prekey
}

// VerifyPrekey reports whether owner signed p. No prekey (id 0) is signed by
// nobody.
func VerifyPrekey(owner wire.Key, p wire.SignedPrekey) bool {
	return p.ID != 0 && ed25519.Verify(owner[:], prekeyStatement(p), p.Signature[:])
}

// prekeyStatement is domain || id (8, big endian) || public key (32).
func prekeyStatement(p wire.SignedPrekey) []byte {
	b := binary.BigEndian.AppendUint64([]byte(prekeyDomain), p.ID)
	return append(b, p.Public[:]...)
}

package wire

import "encoding/binary"

// signedPrekeySize is its id, public key and signature on the wire. As one
// field, 256 rows fit a frame; as three, they would not.
const signedPrekeySize = 8 + 32 + 64

// A SignedPrekey is an X25519 public key for HPKE, signed by its owner's
// identity: Ed25519 over "peerd prekey v1" || ID (8, big endian) || Public (32).
// This package does not verify the signature: peer/seal does.
type SignedPrekey struct {
	ID        uint64 // 0 = no prekey: the whole value is zero
	Public    [32]byte
	Signature [64]byte
}

// encode returns nothing for no prekey.
func (p SignedPrekey) encode() []byte {
	if p == (SignedPrekey{}) {
		return nil
	}
	b := make([]byte, 0, signedPrekeySize)
	b = binary.BigEndian.AppendUint64(b, p.ID)
	b = append(b, p.Public[:]...)
	return append(b, p.Signature[:]...)
}

// prekey is an optional prekey.
func (f *fields) prekey(b []byte) SignedPrekey {
	if len(b) == 0 {
		return SignedPrekey{}
	}
	var raw [signedPrekeySize]byte
	f.fixed(raw[:], "prekey", b)
	return SignedPrekey{
		ID:        f.positive("prekey id", binary.BigEndian.Uint64(raw[:8])),
		Public:    [32]byte(raw[8:40]),
		Signature: [64]byte(raw[40:]),
	}
}

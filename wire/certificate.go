package wire

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf8"
)

// A Certificate is the rendezvous' note to itself that it has bound a name to a
// key, signed by its own key. It gives one to every member in Welcome and keeps
// none; whoever shows it in a later Hello is a member, under that name, even when
// the rendezvous has lost all it knew. To a peer it is opaque.
//
//	bound, unix ns (8) || signature (64) || name (1 to MaxName)
//
// What is signed is CertificateStatement.
type Certificate struct {
	Name  string
	Bound time.Time // when the name was bound to the key
	// Signature is Ed25519, by the rendezvous.
	Signature [64]byte
}

// certificateHeader is what goes before the name.
const certificateHeader = 8 + 64

// Append appends the certificate to b.
func (c Certificate) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(c.Bound.UnixNano()))
	b = append(b, c.Signature[:]...)
	return append(b, c.Name...)
}

// ParseCertificate decodes a certificate. It says nothing about who signed it.
func ParseCertificate(b []byte) (Certificate, error) {
	if len(b) <= certificateHeader || len(b) > MaxCertificate || !utf8.Valid(b[certificateHeader:]) {
		return Certificate{}, fmt.Errorf("parse certificate: %d bytes are none", len(b))
	}
	return Certificate{
		Name:      string(b[certificateHeader:]),
		Bound:     time.Unix(0, int64(binary.BigEndian.Uint64(b))).UTC(),
		Signature: [64]byte(b[8:]),
	}, nil
}

// CertificateStatement is what the rendezvous signs: that the member of a circle
// with this key has had this name since then.
//
//	"peerd member v1" || circle length (1) || circle || key (32) || bound (8) || name
func CertificateStatement(circle string, key Key, name string, bound time.Time) []byte {
	b := append([]byte("peerd member v1"), byte(len(circle)))
	b = append(b, circle...)
	b = append(b, key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(bound.UnixNano()))
	return append(b, name...)
}

package wire

import "crypto/sha256"

// A SessionID names the session of two running peers. Both peers and the
// rendezvous derive the same value; see DeriveSessionID. It is no secret: who
// knows it can name the session, not join it.
type SessionID [16]byte

// String returns the 26-character text form.
func (s SessionID) String() string { return textEncoding.EncodeToString(s[:]) }

// DeriveSessionID returns the id of the session between peer a, running as
// instance ia, and peer b, running as instance ib:
//
//	SHA-256("peerd session v1" || lower key || its instance || higher key || its instance)[:16]
//
// It is symmetric: swapping the two sides gives the same id. Every part has a
// fixed length, so no two pairs of peers are hashed from the same bytes.
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

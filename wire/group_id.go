package wire

import "fmt"

// A GroupID names a group of peers for ever: 16 random bytes, drawn by the peer
// that makes the group. The zero GroupID means no group.
type GroupID [16]byte

// IsZero reports whether id names no group.
func (id GroupID) IsZero() bool { return id == GroupID{} }

// octets is the id as a field, which is absent for no group.
func (id GroupID) octets() []byte {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// String returns the 26-character text form.
func (id GroupID) String() string { return textEncoding.EncodeToString(id[:]) }

// ParseGroupID reads the 26-character text form.
func ParseGroupID(text string) (GroupID, error) {
	var id GroupID
	if !parseTextForm(id[:], text) {
		return GroupID{}, fmt.Errorf("parse group id %.40q: want %d characters of lower-case base32", text, textEncoding.EncodedLen(len(id)))
	}
	return id, nil
}

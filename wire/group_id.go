package wire

import (
	"fmt"
	"io"
)

// A GroupID names a group of peers for ever: 16 random bytes, drawn by the peer
// that makes the group. The zero GroupID means no group.
type GroupID [16]byte

// Format implements fmt.Formatter. Who knows a group's id can write to it, so no
// verb shows more than tells groups apart; String has all of it.
func (id GroupID) Format(state fmt.State, _ rune) { io.WriteString(state, id.redacted()) }

// MarshalText implements encoding.TextMarshaler, for JSON and logs.
func (id GroupID) MarshalText() ([]byte, error) { return []byte(id.redacted()), nil }

func (id GroupID) redacted() string { return "group(" + id.String()[:6] + "…)" }

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

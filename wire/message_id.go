package wire

import (
	"fmt"
	"time"
)

// A MessageID names one message for ever: the first six bytes are the unix
// milliseconds of its making, big endian, and the other ten are random. So ids
// sort by time as bytes, in a database or a log (not as text: in base32, digits
// stand for more than letters, but sort before them). The zero MessageID names
// no message.
//
// The time is the sender's clock and a hint only: order within a conversation
// is Text.Seq's.
type MessageID [16]byte

// NewMessageID returns the id of a message made at now. random must come from
// a cryptographic source: 80 bits keep ids distinct without coordination.
func NewMessageID(now time.Time, random [10]byte) MessageID {
	var id MessageID
	milliseconds := uint64(now.UnixMilli())
	for i := range 6 {
		id[i] = byte(milliseconds >> (40 - 8*i))
	}
	copy(id[6:], random[:])
	return id
}

// ParseMessageID reads the 26-character text form.
func ParseMessageID(text string) (MessageID, error) {
	var id MessageID
	if !parseTextForm(id[:], text) {
		return MessageID{}, fmt.Errorf("parse message id %.40q: want %d characters of lower-case base32", text, textEncoding.EncodedLen(len(id)))
	}
	return id, nil
}

// Time returns when the sender's clock says the message was made, to the millisecond.
func (id MessageID) Time() time.Time {
	var milliseconds int64
	for _, octet := range id[:6] {
		milliseconds = milliseconds<<8 | int64(octet)
	}
	return time.UnixMilli(milliseconds).UTC()
}

// IsZero reports whether id names no message.
func (id MessageID) IsZero() bool { return id == MessageID{} }

// String returns the 26-character text form.
func (id MessageID) String() string { return textEncoding.EncodeToString(id[:]) }

// MarshalText implements encoding.TextMarshaler.
func (id MessageID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *MessageID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseMessageID(string(text))
	return err
}

// Package secret holds bytes that no printer shows: whatever verb of fmt, JSON or a
// log is given them, or anything they are a part of, it prints a word in their place.
// It serves whoever keeps private keys and tokens in structs.
//
// It is NOT encryption, and it does not clear memory.
package secret

import (
	"fmt"
	"io"
)

// shown is what printers get.
const shown = "secret(…)"

// Bytes are secret bytes. The zero Bytes are none.
type Bytes struct {
	// A pointer to a pointer, because fmt prints that as an address: the bytes stay
	// secret even in a field whose methods fmt may not call. What a single pointer leads
	// to it prints when the verb does not fit (%s).
	hidden **[]byte
}

// New makes b secret, which it keeps.
func New(b []byte) Bytes {
	if len(b) == 0 {
		return Bytes{}
	}
	hidden := &b
	return Bytes{&hidden}
}

// Reveal returns the bytes, which are not to be changed; nil when there are none.
func (b Bytes) Reveal() []byte {
	if b.hidden == nil {
		return nil
	}
	return **b.hidden
}

// String returns a word in their place.
func (b Bytes) String() string { return shown }

// Format implements fmt.Formatter: every verb prints the word.
func (b Bytes) Format(state fmt.State, _ rune) { io.WriteString(state, shown) }

// MarshalText implements encoding.TextMarshaler, for JSON and logs.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(shown), nil }

package api

import (
	"crypto/rand"
	"encoding/base32"
	"time"
)

// messageIDEncoding is the text form of ids: that of package wire, which this
// package does not import to keep programs that only talk to a daemon small.
var messageIDEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewMessageID draws an id for a message made at now, for SendRequest.ID: six
// bytes of unix milliseconds, then ten random ones.
func NewMessageID(now time.Time) string {
	var id [16]byte
	milliseconds := uint64(now.UnixMilli())
	for i := range 6 {
		id[i] = byte(milliseconds >> (40 - 8*i))
	}
	rand.Read(id[6:])
	return messageIDEncoding.EncodeToString(id[:])
}

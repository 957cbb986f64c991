package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"testing"
)

func TestHMACEqualsTheStandardLibrarys(t *testing.T) {
	key := counting[[32]byte](3)
	for size := range maxMACInput + 1 {
		message := bytes.Repeat([]byte{byte(size)}, size)
		standard := hmac.New(sha256.New, key[:])
		standard.Write(message)
		if got := hmacSHA256(&key, message); !bytes.Equal(got[:], standard.Sum(nil)) {
			t.Errorf("%d bytes: %x", size, got)
		}
	}
}

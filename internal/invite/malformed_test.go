package invite

import (
	"errors"
	"testing"

	"peerd/internal/spoil"
)

// An invite is copied by hand, from chats and from screens: cut off, and with other
// letters in it.
func TestT14InviteMayBeSpoilt(t *testing.T) {
	whole := "peerd://[2001:db8::7]:7700/%E5%A4%A9%E6%B6%AF#" + pin + "." + token
	if _, err := Parse(whole); err != nil {
		t.Fatal(err)
	}
	for spoilt := range spoil.Everything([]byte(whole)) {
		if _, err := Parse(string(spoilt)); err != nil {
			if _, ok := errors.AsType[*MalformedError](err); !ok {
				t.Fatalf("%q: %v is no MalformedError", spoilt, err)
			}
		}
	}
}

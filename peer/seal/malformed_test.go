package seal

import (
	"errors"
	"testing"

	"peerd/internal/spoil"
)

func TestT14EnvelopeMayBeSpoilt(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	whole := mustSeal(t, alice, bob, []byte("hi"))
	for cut := range spoil.Cut(whole) {
		if _, err := Open(bob.Key(), alice.Key(), bob.private, cut); !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrForged) {
			t.Fatalf("cut to %d octets: %v", len(cut), err)
		}
	}
	// A signature and a key agreement each: of the lengths some are enough.
	for at, changed := range spoil.Lengths(whole) {
		if at > headerSize+2 && at%16 != 0 {
			continue
		}
		content, err := Open(bob.Key(), alice.Key(), bob.private, changed)
		if err == nil && string(content) != "hi" || err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrForged) {
			t.Fatalf("changed at %d: %q, %v", at, content, err)
		}
	}
}

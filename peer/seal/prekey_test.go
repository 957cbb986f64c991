package seal

import (
	"testing"
	"time"

	"peerd/wire"
)

func TestPrekeyIsSignedByItsOwnerOnly(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	otherID, otherPublic, otherSignature := alice.prekey, alice.prekey, alice.prekey
	otherID.ID++
	otherPublic.Public[0] ^= 1
	otherSignature.Signature[63] ^= 1
	for name, test := range map[string]struct {
		prekey wire.SignedPrekey
		want   bool
	}{
		"as published":        {alice.prekey, true},
		"somebody else's":     {bob.prekey, false},
		"under another id":    {otherID, false},
		"another public half": {otherPublic, false},
		"damaged signature":   {otherSignature, false},
		"none":                {wire.SignedPrekey{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := VerifyPrekey(alice.Key(), test.prekey); got != test.want {
				t.Errorf("VerifyPrekey = %t, want %t", got, test.want)
			}
		})
	}
}

func TestPrekeysAreDrawnAfresh(t *testing.T) {
	alice := newParty(t, 1)
	again, _, err := NewPrekey(alice.Identity, 1)
	if err != nil || again.Public == alice.prekey.Public {
		t.Errorf("second prekey equals the first (error %v)", err)
	}
}

func TestPrekeyIDZeroIsRefused(t *testing.T) {
	alice := newParty(t, 1)
	if _, _, err := NewPrekey(alice.Identity, 0); err == nil {
		t.Error("got a prekey with id 0, which means none")
	}
}

func TestRepublishedPrekeyIsTheSame(t *testing.T) {
	alice := newParty(t, 42)
	again, err := Republish(alice.Identity, 42, alice.private)
	if err != nil || again != alice.prekey {
		t.Errorf("got %x, %v; want %x", again, err, alice.prekey)
	}
	if _, err := Republish(alice.Identity, 42, alice.private[1:]); err == nil {
		t.Error("published half a private key")
	}
}

func TestPrekeyIDSaysWhenItWasMade(t *testing.T) {
	made := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	if got, ok := PrekeyMade(NewPrekeyID(made)); !ok || !got.Equal(made) {
		t.Errorf("made %s (%t), want %s", got, ok, made)
	}
	if first, second := NewPrekeyID(made), NewPrekeyID(made); first == second {
		t.Error("two prekeys of one second share an id")
	}
	for _, wrong := range []time.Time{time.Unix(0, 0), time.Unix(-1, 0), time.Date(2107, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if NewPrekeyID(wrong) == 0 {
			t.Errorf("a clock that says %s makes an id that means none", wrong)
		}
	}
	if made, ok := PrekeyMade(0x1234_5678_9abc_def1); ok {
		t.Errorf("an id of the time of random ones says %s", made)
	}
}

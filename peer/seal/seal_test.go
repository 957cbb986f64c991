package seal

import (
	"bytes"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"testing"

	"peerd/internal/identity"
	"peerd/wire"
)

// A party is a peer with an identity and one published prekey.
type party struct {
	*identity.Identity
	prekey  wire.SignedPrekey
	private []byte
}

func newParty(t testing.TB, prekeyID uint64) party {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	prekey, private, err := NewPrekey(self, prekeyID)
	if err != nil {
		t.Fatal(err)
	}
	return party{self, prekey, private}
}

func mustSeal(t testing.TB, from, to party, content []byte) []byte {
	t.Helper()
	sealed, err := Seal(from.Identity, to.Key(), to.prekey, content)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func wantForged(t *testing.T, content []byte, err error) {
	t.Helper()
	if !errors.Is(err, ErrForged) || content != nil {
		t.Errorf("got content %q, error %v; want ErrForged", content, err)
	}
}

func TestSealedContentReachesItsRecipient(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 7)
	for name, content := range map[string][]byte{
		"nothing":     {},
		"a few words": []byte("你好, Bob"),
		"the largest": bytes.Repeat([]byte("x"), MaxContent),
	} {
		t.Run(name, func(t *testing.T) {
			sealed := mustSeal(t, alice, bob, content)
			if len(sealed) != len(content)+Overhead {
				t.Errorf("envelope has %d bytes, want %d", len(sealed), len(content)+Overhead)
			}
			if id, err := PrekeyID(sealed); id != bob.prekey.ID || err != nil {
				t.Errorf("PrekeyID = %d, %v; want %d", id, err, bob.prekey.ID)
			}
			got, err := Open(bob.Key(), alice.Key(), bob.private, sealed)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("opened %d bytes, error %v; want the %d sealed", len(got), err, len(content))
			}
		})
	}
}

func TestEnvelopeHidesContentAndSender(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	content := []byte("canary canary canary")
	first, second := mustSeal(t, alice, bob, content), mustSeal(t, alice, bob, content)
	key := alice.Key()
	if bytes.Contains(first, content) || bytes.Contains(first, key[:]) {
		t.Error("the envelope shows its content or its sender")
	}
	if bytes.Equal(first[headerSize:], second[headerSize:]) {
		t.Error("sealing the same content twice gave the same bytes")
	}
}

func TestT24EveryFlippedBitIsNoticed(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	sealed := mustSeal(t, alice, bob, []byte("the quick brown fox"))
	for bit := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		content, err := Open(bob.Key(), alice.Key(), bob.private, changed)
		if content != nil || !errors.Is(err, ErrForged) && !errors.Is(err, ErrMalformed) {
			t.Errorf("bit %d of byte %d: got %q, %v", bit%8, bit/8, content, err)
		}
	}
}

func TestT24EveryTruncationAndExtensionIsNoticed(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	sealed := mustSeal(t, alice, bob, []byte("the quick brown fox"))
	for n := range sealed {
		content, err := Open(bob.Key(), alice.Key(), bob.private, sealed[:n])
		if content != nil || !errors.Is(err, ErrForged) && !errors.Is(err, ErrMalformed) {
			t.Errorf("first %d bytes: got %q, %v", n, content, err)
		}
	}
	content, err := Open(bob.Key(), alice.Key(), bob.private, append(sealed, 0))
	wantForged(t, content, err)
}

func TestT24RedirectedEnvelopeIsRefused(t *testing.T) {
	alice, bob, carol := newParty(t, 1), newParty(t, 2), newParty(t, 2)
	sealed := mustSeal(t, alice, bob, []byte("for bob, from alice"))
	for name, open := range map[string]struct {
		self, sender wire.Key
		private      []byte
	}{
		"another sender is claimed":         {bob.Key(), carol.Key(), bob.private},
		"replayed to another recipient":     {carol.Key(), alice.Key(), carol.private},
		"another recipient's stolen prekey": {carol.Key(), alice.Key(), bob.private},
		"another prekey under the same id":  {bob.Key(), alice.Key(), carol.private},
		"reflected to its sender":           {alice.Key(), bob.Key(), alice.private},
	} {
		t.Run(name, func(t *testing.T) {
			content, err := Open(open.self, open.sender, open.private, sealed)
			wantForged(t, content, err)
		})
	}
}

// forge builds an envelope as an attacker would: everything is right, except
// that signer signs what it likes instead of the claimed sender.
func forge(t *testing.T, sender, recipient wire.Key, prekey wire.SignedPrekey, sign func(encapsulated []byte) []byte, content []byte) []byte {
	t.Helper()
	public, err := kem().NewPublicKey(prekey.Public[:])
	if err != nil {
		t.Fatal(err)
	}
	encapsulated, encrypter, err := hpke.NewSender(public, kdf(), aead(), info(sender, recipient))
	if err != nil {
		t.Fatal(err)
	}
	header := appendHeader(nil, prekey.ID)
	ciphertext, err := encrypter.Seal(header, append(sign(encapsulated), content...))
	if err != nil {
		t.Fatal(err)
	}
	return append(append(header, encapsulated...), ciphertext...)
}

func TestForgeryToolMakesGoodEnvelopesWhenTheSenderSigns(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	content := []byte("honest")
	sealed := forge(t, alice.Key(), bob.Key(), bob.prekey, func(encapsulated []byte) []byte {
		return alice.Sign(statement(alice.Key(), bob.Key(), bob.prekey.ID, encapsulated, content))
	}, content)
	if got, err := Open(bob.Key(), alice.Key(), bob.private, sealed); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestT24ThiefOfTheRecipientsKeysCannotFakeASender(t *testing.T) {
	alice, bob, carol := newParty(t, 1), newParty(t, 2), newParty(t, 3)
	content := []byte("send money")
	genuine := mustSeal(t, alice, bob, content)
	opened := openSignature(t, alice.Key(), bob, genuine)

	for name, sign := range map[string]func(encapsulated []byte) []byte{
		"signed with the stolen identity of the recipient": func(encapsulated []byte) []byte {
			return bob.Sign(statement(alice.Key(), bob.Key(), bob.prekey.ID, encapsulated, content))
		},
		"signature taken from a genuine envelope": func([]byte) []byte {
			return bytes.Clone(opened)
		},
		"sender's signature over another recipient": func(encapsulated []byte) []byte {
			return alice.Sign(statement(alice.Key(), carol.Key(), bob.prekey.ID, encapsulated, content))
		},
		"sender's signature over another prekey": func(encapsulated []byte) []byte {
			return alice.Sign(statement(alice.Key(), bob.Key(), bob.prekey.ID+1, encapsulated, content))
		},
		"sender's signature over other content": func(encapsulated []byte) []byte {
			return alice.Sign(statement(alice.Key(), bob.Key(), bob.prekey.ID, encapsulated, []byte("no")))
		},
		"sender's signature without the domain": func(encapsulated []byte) []byte {
			return alice.Sign(statement(alice.Key(), bob.Key(), bob.prekey.ID, encapsulated, content)[len(domain):])
		},
		"no signature": func([]byte) []byte {
			return make([]byte, 64)
		},
	} {
		t.Run(name, func(t *testing.T) {
			sealed := forge(t, alice.Key(), bob.Key(), bob.prekey, sign, content)
			got, err := Open(bob.Key(), alice.Key(), bob.private, sealed)
			wantForged(t, got, err)
		})
	}
}

// openSignature decrypts an envelope and returns the signature inside.
func openSignature(t *testing.T, sender wire.Key, to party, sealed []byte) []byte {
	t.Helper()
	key, err := kem().NewPrivateKey(to.private)
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := hpke.NewRecipient(sealed[headerSize:headerSize+encapsulatedSize], key, kdf(), aead(), info(sender, to.Key()))
	if err != nil {
		t.Fatal(err)
	}
	plaintext, err := recipient.Open(sealed[:headerSize], sealed[headerSize+encapsulatedSize:])
	if err != nil {
		t.Fatal(err)
	}
	return plaintext[:64]
}

func TestT24RecipientCannotPassAnEnvelopeOnAsItsOwn(t *testing.T) {
	alice, bob, carol := newParty(t, 1), newParty(t, 2), newParty(t, 2)
	content := []byte("between us")
	signature := openSignature(t, alice.Key(), bob, mustSeal(t, alice, bob, content))
	sealed := forge(t, alice.Key(), carol.Key(), carol.prekey, func([]byte) []byte { return signature }, content)
	got, err := Open(carol.Key(), alice.Key(), carol.private, sealed)
	wantForged(t, got, err)
}

func TestSealRefusesWhatItCannotOrMustNotSeal(t *testing.T) {
	alice, bob, rogue := newParty(t, 1), newParty(t, 2), newParty(t, 2)
	weak := wire.SignedPrekey{ID: 9} // the public key of all zeros is a point of low order
	weak.Signature = [64]byte(bob.Sign(prekeyStatement(weak)))
	for name, test := range map[string]struct {
		prekey  wire.SignedPrekey
		content []byte
		want    error
	}{
		"no prekey published":         {wire.SignedPrekey{}, nil, ErrNoPrekey},
		"prekey swapped on the way":   {rogue.prekey, nil, ErrForged},
		"content too large":           {bob.prekey, make([]byte, MaxContent+1), ErrTooLarge},
		"signed prekey of low order":  {weak, nil, nil},
		"another id on a signed half": {wire.SignedPrekey{ID: 3, Public: bob.prekey.Public, Signature: bob.prekey.Signature}, nil, ErrForged},
	} {
		t.Run(name, func(t *testing.T) {
			sealed, err := Seal(alice.Identity, bob.Key(), test.prekey, test.content)
			if sealed != nil || err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %d bytes, error %v; want error %v", len(sealed), err, test.want)
			}
		})
	}
}

func TestMalformedEnvelopesAreTold(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	good := mustSeal(t, alice, bob, []byte("x"))
	newer := bytes.Clone(good)
	newer[0] = Version + 1
	noPrekey := bytes.Clone(good)
	clear(noPrekey[1:headerSize])
	for name, sealed := range map[string][]byte{
		"empty":              nil,
		"only the overhead":  good[:Overhead-1],
		"of a newer version": newer,
		"for prekey 0":       noPrekey,
		"over the limit":     append(bytes.Clone(good), make([]byte, wire.MaxSealed)...),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := PrekeyID(sealed); !errors.Is(err, ErrMalformed) {
				t.Errorf("PrekeyID: %v, want ErrMalformed", err)
			}
			if _, err := Open(bob.Key(), alice.Key(), bob.private, sealed); !errors.Is(err, ErrMalformed) {
				t.Errorf("Open: %v, want ErrMalformed", err)
			}
		})
	}
}

func TestDamagedPrivatePrekeyIsNotBlamedOnTheSender(t *testing.T) {
	alice, bob := newParty(t, 1), newParty(t, 2)
	_, err := Open(bob.Key(), alice.Key(), bob.private[:31], mustSeal(t, alice, bob, nil))
	if err == nil || errors.Is(err, ErrForged) || errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, want an error about the private prekey", err)
	}
}

func FuzzOpen(f *testing.F) {
	alice, bob := newParty(f, 1), newParty(f, 2)
	f.Add(mustSeal(f, alice, bob, []byte("hello")))
	f.Add(mustSeal(f, alice, bob, nil))
	f.Add(make([]byte, Overhead))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		for _, sender := range []wire.Key{alice.Key(), {}} {
			content, err := Open(bob.Key(), sender, bob.private, sealed)
			if err != nil && (content != nil || !errors.Is(err, ErrForged) && !errors.Is(err, ErrMalformed)) {
				t.Errorf("got %q, %v", content, err)
			}
			if err == nil && len(content) != len(sealed)-Overhead {
				t.Errorf("%d bytes of content in %d", len(content), len(sealed))
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	alice, bob := newParty(b, 1), newParty(b, 2)
	content := make([]byte, 256)
	rand.Read(content)
	for b.Loop() {
		mustSeal(b, alice, bob, content)
	}
}

func BenchmarkOpen(b *testing.B) {
	alice, bob := newParty(b, 1), newParty(b, 2)
	sealed := mustSeal(b, alice, bob, make([]byte, 256))
	for b.Loop() {
		if _, err := Open(bob.Key(), alice.Key(), bob.private, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

package identity

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"testing"

	"peerd/wire"
)

func TestPeersDeriveTheSameProbeKeys(t *testing.T) {
	a, b := generate(t), generate(t)
	session := wire.SessionID{1, 2, 3}
	sendA, receiveA, errA := a.ProbeKeys(b.Key(), session)
	sendB, receiveB, errB := b.ProbeKeys(a.Key(), session)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if sendA != receiveB || receiveA != sendB {
		t.Error("what one side sends with is not what the other receives with")
	}
	if sendA == receiveA {
		t.Error("both directions share a key: a reflected probe would be valid")
	}
}

func TestEverySessionHasItsOwnProbeKeys(t *testing.T) {
	a, b := generate(t), generate(t)
	first, _, errFirst := a.ProbeKeys(b.Key(), wire.SessionID{1})
	second, _, errSecond := a.ProbeKeys(b.Key(), wire.SessionID{2})
	if errFirst != nil || errSecond != nil {
		t.Fatal(errFirst, errSecond)
	}
	if first == second {
		t.Error("a probe of one session would be valid in another")
	}
}

// The vector lets another implementation check itself: seeds 00…00 and 01…01,
// session 02…02. The values come from a second implementation, written from RFC
// 8032, RFC 7748 and RFC 5869 alone.
func TestProbeKeysMatchTheVector(t *testing.T) {
	a, b := fromSeed(t, 0), fromSeed(t, 1)
	session := wire.SessionID{}
	for n := range session {
		session[n] = 2
	}
	send, receive, err := a.ProbeKeys(b.Key(), session)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(send[:]); got != vectorSend {
		t.Errorf("send = %s, want %s", got, vectorSend)
	}
	if got := hex.EncodeToString(receive[:]); got != vectorReceive {
		t.Errorf("receive = %s, want %s", got, vectorReceive)
	}
}

const (
	vectorSend    = "f903a5abab4a2640fa34733859c4cf946ff952e81ec53c22a951b6f87f629b62"
	vectorReceive = "564b927fd4ddee2869bddc3c8d8cdc96d1eb8b7a33da6c08cbc3c2b4db6f224c"
)

func fromSeed(t *testing.T, fill byte) *Identity {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	for n := range seed {
		seed[n] = fill
	}
	identity, err := newIdentity(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func TestKeysNoHonestPeerHasAreRefused(t *testing.T) {
	for _, test := range []struct{ proves, key string }{
		{"the neutral point", "0100000000000000000000000000000000000000000000000000000000000000"},
		{"a point of order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		{"a point of order 4", "0000000000000000000000000000000000000000000000000000000000000000"},
		{"a point of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
		{"a coordinate above the prime", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		{"not a point of the curve", "0200000000000000000000000000000000000000000000000000000000000000"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			raw, err := hex.DecodeString(test.key)
			if err != nil {
				t.Fatal(err)
			}
			send, receive, err := generate(t).ProbeKeys(wire.Key(raw), wire.SessionID{})
			if !errors.Is(err, ErrWeakKey) {
				t.Errorf("got %v, want ErrWeakKey", err)
			}
			if send != (wire.ProbeKey{}) || receive != (wire.ProbeKey{}) {
				t.Error("keys came back with the error")
			}
		})
	}
}

func TestOurOwnKeyAsPeerIsRefused(t *testing.T) {
	identity := generate(t)
	if _, _, err := identity.ProbeKeys(identity.Key(), wire.SessionID{}); err == nil {
		t.Error("both directions would share a key")
	}
}

func BenchmarkProbeKeys(b *testing.B) {
	identity, peer := generate(b), generate(b).Key()
	for b.Loop() {
		if _, _, err := identity.ProbeKeys(peer, wire.SessionID{}); err != nil {
			b.Fatal(err)
		}
	}
}

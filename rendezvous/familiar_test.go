package rendezvous

import (
	"net/netip"
	"testing"

	"peerd/wire"
)

func TestT13OnlyTheLastSourcesOfAMemberAreFamiliar(t *testing.T) {
	f := newFamiliarSources()
	source := func(n int) netip.Prefix { return prefixOf(netip.MustParseAddr(from(n)), 32, 56) }
	alice, bob := wire.Key{1}, wire.Key{2}
	f.note(bob, source(0))
	for n := range maxFamiliarPerKey + 1 {
		f.note(alice, source(n))
	}
	for n, want := range []bool{true, true, true, true, true, false} { // 0 is bob's still
		if got := f.has(source(n)); got != want {
			t.Errorf("source %d: %v", n, got)
		}
	}
	for range 10 {
		f.note(alice, source(1)) // home again: nothing else is forgotten for it
	}
	if !f.has(source(2)) {
		t.Error("a source that was used again pushed another one out")
	}
	f.note(alice, source(100))
	if f.has(source(2)) || !f.has(source(1)) {
		t.Error("it was not the oldest that was forgotten")
	}
	for n := range 10_000 {
		f.note(alice, source(n))
	}
	if len(f.count) > 2*maxFamiliarPerKey || len(f.of[alice]) != maxFamiliarPerKey {
		t.Errorf("%d sources are held for two members", len(f.count))
	}
}

// Who was banned may well have a flood in mind. Where other members are, too, they still
// are.
func TestT13WhoWasRemovedIsNotFamiliar(t *testing.T) {
	s := startServer(t)
	alice, bob := join(t, s, "alice"), join(t, s, "bob")
	source := sourceOf(alice.conn.LocalAddr())
	for _, step := range []struct {
		removed  *client
		familiar bool
	}{{alice, true}, {bob, false}} {
		if _, err := s.Ban(step.removed.key(), ""); err != nil {
			t.Fatal(err)
		}
		if got := s.familiar.has(source); got != step.familiar {
			t.Errorf("familiar: %v, want %v", got, step.familiar)
		}
	}
}

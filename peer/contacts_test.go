package peer

import (
	"testing"

	"peerd/internal/name"
	"peerd/peer/store"
	"peerd/wire"
)

// TestForgettingALookalikeLeavesTheOtherGuarded has a second contact whose name reads
// like that of the first.
func TestForgettingALookalikeLeavesTheOtherGuarded(t *testing.T) {
	bob, lookalike := store.Contact{Key: wire.Key{1}, Name: "bob1"}, store.Contact{Key: wire.Key{2}, Name: "bobl"}
	if name.Fold(bob.Name) != name.Fold(lookalike.Name) {
		t.Fatalf("nobody takes %q for %q", lookalike.Name, bob.Name)
	}
	book := contacts{
		byKey: map[wire.Key]store.Contact{}, byName: map[string]wire.Key{},
		byPetname: map[string]wire.Key{}, byFold: map[string]wire.Key{},
	}
	book.add(bob)
	book.add(lookalike)
	book.remove(lookalike.Key)
	if got := book.byFold[name.Fold(bob.Name)]; got != bob.Key {
		t.Errorf("who comes under a name like bob's is compared with %v", got)
	}
	book.remove(bob.Key)
	if len(book.byFold) > 0 {
		t.Errorf("%v is left of contacts that were forgotten", book.byFold)
	}
}

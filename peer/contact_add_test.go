package peer

import (
	"testing"

	"peerd/internal/identity"
	"peerd/peer/api"
	"peerd/wire"
)

func TestKeyIsPinnedBeforeTheFirstMessage(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	added, err := alice.AddContact(t.Context(), api.AddRequest{Peer: bob.Key().String(), As: "dad"})
	if err != nil || added.Name != "dad" || added.PinnedName != "bob" || added.Key != bob.Key().String() {
		t.Fatalf("added %+v, %v", added, err)
	}
	// Whoever has the name later is not who was meant.
	c.moveName(alice, bob.Key(), wire.Key{9})
	_, err = alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "for bob only"})
	wantCode(t, err, api.CodeKeyChanged)
	_, err = alice.AddContact(t.Context(), api.AddRequest{Peer: wire.Key{9}.String()})
	wantCode(t, err, api.CodeKeyChanged)
}

func TestKeyOfNobodyYetNeedsAName(t *testing.T) {
	dir := t.TempDir()
	dave, err := identity.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := newCircle(t)
	alice := c.join("alice")
	_, err = alice.AddContact(t.Context(), api.AddRequest{Peer: dave.Key().String()})
	wantCode(t, err, api.CodeUsage)
	_, err = alice.AddContact(t.Context(), api.AddRequest{Peer: dave.Key().String(), As: "alice"})
	wantCode(t, err, api.CodeNameTaken)
	if _, err = alice.AddContact(t.Context(), api.AddRequest{Peer: dave.Key().String(), As: "old friend"}); err != nil {
		t.Fatal(err)
	}
	if got := onlyContact(t, alice); got.Name != "old friend" || got.Roster != api.RosterAbsent || got.Online {
		t.Errorf("contact %+v", got)
	}
	// He joins under whatever name, and is known by his key.
	later := c.joinAt("dave", dir)
	c.knows(alice, "dave")
	c.knows(later, "alice")
	c.send(later, "alice", "it is me")
	if got := texts(t, alice, "old friend"); len(got) != 1 {
		t.Errorf("from the old friend came %q", got)
	}
	c.send(alice, "old friend", "welcome")
	if got := onlyContact(t, alice); got.Roster != api.RosterRenamed || got.RosterName != "dave" {
		t.Errorf("contact %+v", got)
	}
}

func TestAddingAgainChangesNothingButTheName(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	before := onlyContact(t, alice)
	for _, as := range []string{"", "dad", ""} {
		added, err := alice.AddContact(t.Context(), api.AddRequest{Peer: "bob", As: as})
		if err != nil || added.PinnedAt != before.PinnedAt || added.Key != bob.Key().String() {
			t.Errorf("added as %q: %+v, %v", as, added, err)
		}
	}
	if got := onlyContact(t, alice); got.Name != "dad" {
		t.Errorf("contact %+v, want it called dad", got)
	}
	_, err := alice.AddContact(t.Context(), api.AddRequest{Peer: "alice"})
	wantCode(t, err, api.CodeUsage)
	_, err = alice.AddContact(t.Context(), api.AddRequest{Peer: "nobody"})
	wantCode(t, err, api.CodeNoSuchPeer)
}

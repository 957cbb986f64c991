package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
	"peerd/wire"
)

func TestPetnameIsAnotherWordForTheSameKey(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	row, err := alice.RenameContact(t.Context(), api.RenameRequest{Name: "bob", NewName: "dad"})
	if err != nil || row.Name != "dad" || row.PinnedName != "bob" {
		t.Fatalf("renamed: %+v, %v", row, err)
	}
	if sent := c.send(alice, "dad", "by petname"); sent.To != "dad" {
		t.Errorf("sent to %q, want dad", sent.To)
	}
	c.send(alice, "bob", "by pinned name")
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"hello", "by petname", "by pinned name"}) {
		t.Errorf("bob has %q", got)
	}
	row, err = alice.RenameContact(t.Context(), api.RenameRequest{Name: "dad", NewName: "bob"})
	if err != nil || row.Name != "bob" {
		t.Errorf("renamed back: %+v, %v", row, err)
	}
	_, err = alice.Send(t.Context(), api.SendRequest{To: "dad", Text: "?"})
	wantCode(t, err, api.CodeNoSuchPeer)
}

func TestPetnameHidesNoChangedKey(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	if _, err := alice.RenameContact(t.Context(), api.RenameRequest{Name: "bob", NewName: "dad"}); err != nil {
		t.Fatal(err)
	}
	c.moveName(alice, bob.Key(), wire.Key{9})
	for _, name := range []string{"dad", "bob"} {
		_, err := alice.Send(t.Context(), api.SendRequest{To: name, Text: "secret"})
		wantCode(t, err, api.CodeKeyChanged)
	}
	trusted, err := alice.Trust(t.Context(), api.TrustRequest{Name: "dad"})
	if trusted.Name != "dad" || trusted.Key != (wire.Key{9}).String() || err != nil {
		t.Errorf("trusted %+v, %v", trusted, err)
	}
}

func TestPeerThatTakesAPetnameIsNotTakenForTheContact(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	if _, err := alice.RenameContact(t.Context(), api.RenameRequest{Name: "bob", NewName: "dad"}); err != nil {
		t.Fatal(err)
	}
	newcomer := c.join("dad")
	c.knows(newcomer, "alice")
	c.send(newcomer, "alice", "I am your dad")
	if got := alice.nameOf(newcomer.Key()); got != newcomer.Key().String() {
		t.Errorf("the newcomer is shown as %q, want its key", got)
	}
	if key, err := alice.resolve("dad"); key != bob.Key() || err != nil {
		t.Errorf("dad is %s (error %v), want bob", key, err)
	}
}

func TestPetnamesThatAreRefused(t *testing.T) {
	c := newCircle(t)
	alice, _ := c.join("alice"), c.join("bob")
	c.join("carol")
	for _, name := range []string{"bob", "carol"} {
		c.knows(alice, name)
	}
	c.send(alice, "bob", "hello")
	for name, test := range map[string]struct {
		request api.RenameRequest
		want    api.Code
	}{
		"a member's name":     {api.RenameRequest{Name: "bob", NewName: "carol"}, api.CodeNameTaken},
		"one that looks it":   {api.RenameRequest{Name: "bob", NewName: "CAR0L"}, api.CodeNameTaken},
		"our own":             {api.RenameRequest{Name: "bob", NewName: "Alice"}, api.CodeNameTaken},
		"no name":             {api.RenameRequest{Name: "bob", NewName: "a\x1bb"}, api.CodeUsage},
		"somebody not pinned": {api.RenameRequest{Name: "carol", NewName: "mum"}, api.CodeNoSuchContact},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alice.RenameContact(t.Context(), test.request)
			wantCode(t, err, test.want)
		})
	}
}

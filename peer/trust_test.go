package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
	"peerd/wire"
)

// pending returns what waits for a key.
func pending(t *testing.T, d *Daemon, key wire.Key) (waiting []string) {
	t.Helper()
	messages, err := d.store.Pending(t.Context(), key, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		waiting = append(waiting, m.Body)
	}
	return waiting
}

// onlyContact returns the one contact of a daemon.
func onlyContact(t *testing.T, d *Daemon) api.Contact {
	t.Helper()
	contacts, err := d.Contacts(t.Context())
	if err != nil || len(contacts) != 1 {
		t.Fatalf("contacts: %+v, %v; want one", contacts, err)
	}
	return contacts[0]
}

func TestTrustedKeyGetsNothingThatWasWrittenToTheOldOne(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	c.send(alice, "bob", "hello")
	c.send(bob, "alice", "from the old key")
	oldKey, newKey := bob.Key(), wire.Key{9}
	c.leaves(bob, alice)
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "for the old key"}); err != nil {
		t.Fatal(err)
	}
	c.moveName(alice, oldKey, newKey)
	if got := onlyContact(t, alice); got.Roster != api.RosterChanged || got.RosterKey != newKey.String() || got.Queued != 1 {
		t.Errorf("the contact is %+v, want its key changed", got)
	}
	_, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob", Key: wire.Key{8}.String()})
	wantCode(t, err, api.CodeKeyMismatch)
	_, err = alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "too early"})
	wantCode(t, err, api.CodeKeyChanged)

	trusted, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob", Key: newKey.String()})
	if want := (api.Trusted{Name: "bob", Key: newKey.String(), OldKey: oldKey.String(), Queued: 1}); trusted != want || err != nil {
		t.Errorf("trusted %+v, %v; want %+v", trusted, err, want)
	}
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "for the new key"}); err != nil {
		t.Errorf("send after trust: %v", err)
	}
	if got := pending(t, alice, oldKey); !slices.Equal(got, []string{"for the old key"}) {
		t.Errorf("for the old key wait %q", got)
	}
	if got := pending(t, alice, newKey); !slices.Equal(got, []string{"for the new key"}) {
		t.Errorf("for the new key wait %q", got)
	}
	if got := texts(t, alice, oldKey.String()); !slices.Equal(got, []string{"from the old key"}) {
		t.Errorf("of the old key's history is left %q", got)
	}
	peers, err := alice.Peers(t.Context())
	if row, found := api.FindPeer(peers, oldKey.String()); found != nil || row.Queued != 1 {
		t.Errorf("the old key is not listed with its message: %+v, %v", peers, err)
	}
}

func TestTrustingAgainChangesNothing(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	for range 2 {
		trusted, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob"})
		if want := (api.Trusted{Name: "bob", Key: bob.Key().String()}); trusted != want || err != nil {
			t.Errorf("trusted %+v, %v; want %+v", trusted, err, want)
		}
	}
	if got := onlyContact(t, alice); got.Roster != api.RosterAgrees || got.Key != bob.Key().String() {
		t.Errorf("the contact is %+v", got)
	}
}

func TestTrustSurvivesARestart(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.startAt("alice", dir), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	c.moveName(alice, bob.Key(), wire.Key{9})
	if _, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob"}); err != nil {
		t.Fatal(err)
	}
	if err := alice.Close(); err != nil {
		t.Fatal(err)
	}
	if got := onlyContact(t, c.startAt("alice", dir)); got.Key != (wire.Key{9}).String() {
		t.Errorf("after a restart the contact is %+v", got)
	}
}

func TestKeysThatCannotBeTrusted(t *testing.T) {
	c := newCircle(t)
	alice, bob, carol := c.join("alice"), c.join("bob"), c.join("carol")
	for _, name := range []string{"bob", "carol"} {
		c.knows(alice, name)
		c.send(alice, name, "hello")
	}
	c.moveName(alice, bob.Key(), wire.Key{9})
	c.moveName(alice, wire.Key{9}, carol.Key())
	for name, test := range map[string]struct {
		request api.TrustRequest
		want    api.Code
	}{
		"the key of another contact": {api.TrustRequest{Name: "bob"}, api.CodeKeyKnown},
		"nobody's":                   {api.TrustRequest{Name: "nobody"}, api.CodeNoSuchPeer},
		"no name":                    {api.TrustRequest{Name: "a;b"}, api.CodeNoSuchPeer},
		"our own":                    {api.TrustRequest{Name: "alice"}, api.CodeUsage},
		"what is no key":             {api.TrustRequest{Name: "bob", Key: "abc"}, api.CodeUsage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alice.Trust(t.Context(), test.request)
			wantCode(t, err, test.want)
		})
	}
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "secret"}); err == nil {
		t.Error("a key that could not be trusted is written to")
	}
}

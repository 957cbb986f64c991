package peer

import (
	"testing"

	"peerd/peer/api"
	"peerd/wire"
)

func TestForgottenContactIsMetAnew(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	sent := c.send(alice, "bob", "hello")
	c.moveName(alice, bob.Key(), wire.Key{9})
	forgotten, err := alice.ForgetContact(t.Context(), api.ForgetRequest{Name: "bob"})
	if want := (api.Forgotten{Name: "bob", Key: bob.Key().String()}); forgotten != want || err != nil {
		t.Errorf("forgotten %+v, %v; want %+v", forgotten, err, want)
	}
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "who are you?"}); err != nil {
		t.Errorf("the first message to the new key: %v", err)
	}
	if got := onlyContact(t, alice); got.Key != (wire.Key{9}).String() {
		t.Errorf("pinned is %+v", got)
	}
	c.awaitState(alice, sent.ID, api.StateDelivered) // history stays
	_, err = alice.ForgetContact(t.Context(), api.ForgetRequest{Name: "nobody"})
	wantCode(t, err, api.CodeNoSuchContact)
	_, err = alice.ForgetContact(t.Context(), api.ForgetRequest{Name: wire.Key{7}.String(), Force: true})
	wantCode(t, err, api.CodeNoSuchContact)
}

func TestMessagesThatWaitAreDiscardedOnlyByForce(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "waits"}); err != nil {
		t.Fatal(err)
	}
	_, err := alice.ForgetContact(t.Context(), api.ForgetRequest{Name: "bob"})
	wantCode(t, err, api.CodeMessagesQueued)
	onlyContact(t, alice)
	forgotten, err := alice.ForgetContact(t.Context(), api.ForgetRequest{Name: "bob", Force: true})
	if forgotten.Discarded != 1 || err != nil {
		t.Errorf("forgotten %+v, %v; want one message discarded", forgotten, err)
	}
	if got := pending(t, alice, bob.Key()); len(got) > 0 {
		t.Errorf("still waiting: %q", got)
	}
}

func TestMessagesForADistrustedKeyCanBeDiscardedByItsKey(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.leaves(bob, alice)
	if _, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "for the old key"}); err != nil {
		t.Fatal(err)
	}
	c.moveName(alice, bob.Key(), wire.Key{9})
	if _, err := alice.Trust(t.Context(), api.TrustRequest{Name: "bob"}); err != nil {
		t.Fatal(err)
	}
	forgotten, err := alice.ForgetContact(t.Context(), api.ForgetRequest{Name: bob.Key().String(), Force: true})
	if forgotten.Discarded != 1 || err != nil {
		t.Errorf("forgotten %+v, %v; want one message discarded", forgotten, err)
	}
	if got := onlyContact(t, alice); got.Key != (wire.Key{9}).String() {
		t.Errorf("the trusted contact is now %+v", got)
	}
}

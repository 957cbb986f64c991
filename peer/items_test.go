package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// aNovelty is an item that no version of peerd knows.
type aNovelty struct{}

func (aNovelty) Kind() wire.Kind                     { return 250 }
func (aNovelty) AppendBody(b []byte) ([]byte, error) { return append(b, "something new"...), nil }

func TestAnItemIsDeliveredLikeATextAndShownToNobody(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "before")
	item, err := alice.sendItem(t.Context(), bob.Key(), aNovelty{})
	if err != nil {
		t.Fatal(err)
	}
	c.send(alice, "bob", "after")
	c.awaitState(alice, item.ID.String(), api.StateDelivered)

	stored, err := bob.store.Message(t.Context(), item.ID)
	if err != nil || stored.Kind != 250 || stored.Payload != "something new" || stored.Seq != 2 || stored.State != store.Read {
		t.Errorf("bob stored %+v, %v", stored, err)
	}
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"before", "after"}) {
		t.Errorf("bob is shown %q", got)
	}
	if unread, err := bob.store.Unread(t.Context()); unread[alice.Key()] != 2 || err != nil {
		t.Errorf("%d messages are unread (%v)", unread[alice.Key()], err)
	}
}

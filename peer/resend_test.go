package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
)

// TestRefusedStreamIsBegunAgain has bob give up the stream alice's messages
// come on, as he does when he cannot store one, while the connection lives.
func TestRefusedStreamIsBegunAgain(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "one")
	session := alice.conversation(bob.Key()).currentSession()
	c.await("session is connected", session.connected)
	o, err := session.messages()
	if err != nil {
		t.Fatal(err)
	}
	notAText := []byte{64, 0, 0, 1, 0xff}
	if _, err := o.stream.Write(notAText); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"two", "three"} {
		sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		c.awaitState(alice, sent.ID, api.StateDelivered)
	}
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("bob has %q", got)
	}
}

package peer

import (
	"slices"
	"testing"

	"peerd/peer/api"
)

// TestStuckDeliveryHoldsUpNoIntroduction has alice's write to bob block, as it
// does when bob was killed and takes nothing any more. She meets his next
// instance nevertheless.
func TestStuckDeliveryHoldsUpNoIntroduction(t *testing.T) {
	c := newCircle(t)
	dir := t.TempDir()
	alice, bob := c.join("alice"), c.joinAt("bob", dir)
	c.knows(alice, "bob")
	c.send(alice, "bob", "one")
	conversation := alice.conversation(bob.Key())
	old := conversation.currentSession()
	c.await("session is connected", old.connected)
	o, err := old.messages()
	if err != nil {
		t.Fatal(err)
	}
	sent := func() api.Sent { // while nothing can be written
		o.mu.Lock()
		defer o.mu.Unlock()
		sent, err := alice.Send(t.Context(), api.SendRequest{To: "bob", Text: "two"})
		if err != nil {
			t.Fatal(err)
		}
		if err := bob.Close(); err != nil {
			t.Fatal(err)
		}
		bob = c.startAt("bob", dir)
		c.await("alice meets the next instance", func() bool {
			s := conversation.currentSession()
			return s != nil && s.id != old.id
		})
		return sent
	}()
	c.awaitState(alice, sent.ID, api.StateDelivered)
	if got := texts(t, bob, "alice"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("bob has %q", got)
	}
}

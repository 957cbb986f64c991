package peer

import (
	"context"
	"testing"
	"time"

	"peerd/peer/api"
)

// TestAHealthyConnectionStays proves that the check of a session that was not
// connected yet is not held against the connection that comes after it.
func TestAHealthyConnectionStays(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.send(alice, "bob", "hello")
	c.awaitPath(alice, "bob", api.PathDirect)
	s := alice.conversation(bob.Key()).currentSession()
	c.await("the session is connected", s.connected)
	connection := s.currentConnection()
	select {
	case <-connection.Context().Done():
		t.Errorf("the connection ended: %v", context.Cause(connection.Context()))
	case <-time.After(pongPatience + time.Second):
	}
}

package peer

import (
	"testing"
	"time"
)

// TestPeersHearThatUDPStopped proves that a peer whose network lets no more UDP
// through is not introduced at the endpoint it once had.
func TestPeersHearThatUDPStopped(t *testing.T) {
	c := newCircle(t)
	alice, bob := c.join("alice"), c.join("bob")
	c.knows(alice, "bob")
	c.knows(bob, "alice")
	stop := func() { // as often as an answer comes nevertheless
		alice.mu.Lock()
		server := alice.server
		alice.observation.at = time.Now().Add(-observationLifetime)
		alice.mu.Unlock()
		alice.chooseRelay(server)
	}

	talk := bob.conversation(alice.Key())
	c.await("bob is told of alice without an observed endpoint", func() bool {
		stop()
		talk.want(true)
		talk.mu.Lock()
		defer talk.mu.Unlock()
		introduction := talk.introduction
		return len(introduction.Candidates) > 0 && !observedOf(introduction.Candidates).IsValid()
	})
}

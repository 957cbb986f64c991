package rendezvous

import "peerd/wire"

// Whom a peer is shown to is its own decision. It consents to everybody, or
// withholds its endpoints, for all of its login; a Talk decides for one session.
// Introductions show the endpoints of both peers or of neither: one alone would be
// of no use to the other, who could only probe a router that does not expect it.

// A consent is what a peer has said in a session of its.
type consent uint8

const (
	unsaid consent = iota // what the peer has said for its whole login holds
	given
	withheld
)

// withhold notes whether c withholds its endpoints from all to whom it does not
// consent from now on.
func (t *relayTable) withhold(c *connection, withhold bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.withholds = withhold
	for _, s := range t.sessions[c] {
		s.consents[s.side(c)] = unsaid
	}
}

// consent notes what c says in a session. It is forgotten with the session.
func (t *relayTable) consent(c *connection, id wire.SessionID, withhold bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sessions[c][id]
	if s == nil {
		return
	}
	s.consents[s.side(c)] = given
	if withhold {
		s.consents[s.side(c)] = withheld
	}
}

// bothConsent reports whether the peers of c's session may be shown to each other.
func (t *relayTable) bothConsent(c *connection, id wire.SessionID) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := t.sessions[c][id]
	return s != nil && s.isShown(0) && s.isShown(1)
}

func (s *session) isShown(side int) bool {
	return s.consents[side] == given || s.consents[side] == unsaid && !s.peers[side].withholds
}

// side is the index of c in peers.
func (s *session) side(c *connection) int {
	if s.peers[0] == c {
		return 0
	}
	return 1
}

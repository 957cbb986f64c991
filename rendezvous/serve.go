package rendezvous

import (
	"errors"
	"time"

	"peerd/wire"
)

// errLogout ends a connection whose peer said goodbye.
var errLogout = errors.New("the peer logged out")

// serve reads c's frames until the connection ends, and logs the peer out. A shutdown
// that waits for no more farewells finds c in the hub until it is closed.
func (s *Server) serve(c *connection) {
	defer close(c.gone)
	err := c.frames(func(kind wire.Kind, body []byte) error {
		s.slowDown(c, kind)
		return s.handle(c, kind, body, time.Now())
	})
	s.leaveDoor(c)
	c.hangUp()
	s.hub.logout(c, err, time.Now())
}

// slowDown lets a member wait who asks too often. Meanwhile nothing more of it is
// read, so that it cannot send either; nobody else waits.
func (s *Server) slowDown(c *connection, kind wire.Kind) {
	if pause := c.quota.pause(kind, time.Now()); pause > 0 {
		s.counters.membersSlowed.Add(1)
		time.Sleep(min(pause, maxPause))
	}
}

// handle does what one frame asks for. An error ends the connection: a frame
// that cannot be decoded comes from a broken or hostile peer.
func (s *Server) handle(c *connection, kind wire.Kind, body []byte, now time.Time) error {
	if kind == wire.KindRelay {
		m, err := wire.ParseRelay(body)
		if err == nil {
			s.relayFrame(c, m, now)
		}
		return err
	}
	message, err := wire.Parse(kind, body)
	if err != nil {
		return err
	}
	switch m := message.(type) {
	case wire.Ping:
		return c.send(wire.Pong(m))
	case wire.Pong:
		c.pong(m.Nonce, now)
	case wire.Endpoints:
		s.relay.withhold(c, m.Withhold)
		s.hub.learnEndpoints(c, m.Candidates, m.NAT, now)
		s.observeAtDoor(c)
	case wire.Prekey:
		s.hub.publishPrekey(c, m.Prekey)
	case wire.Talk:
		s.hub.talk(c, m, now)
		s.observeAtDoor(c)
	case wire.Envelope:
		s.envelope(c, m, now)
	case wire.Goodbye:
		return errLogout
	}
	return nil // what a newer peer says and we do not know is passed over
}

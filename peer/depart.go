package peer

import (
	"context"
	"sync"
	"time"
)

const (
	// departLimit is how long the end of the sessions may hold up our logout: by then
	// it is the rendezvous that does, by not reading. Longer holds up every stop.
	departLimit = time.Second
	// handshakeGrace is how long a handshake that is under way when we close may go on.
	// Until it is over on both sides the peer may have a connection of whose end we
	// could not tell it. Longer holds up our end where the peer does not answer.
	handshakeGrace = 200 * time.Millisecond
)

// depart tells everybody that we close. The order matters, as the rendezvous relays
// nothing for who has logged out:
//
//	handshakes   ── refused, or ended once they are over
//	connections  ── closed: one packet each, which also goes inside the control connection
//	login        ── ended by a goodbye, behind those packets
func (d *Daemon) depart() error {
	defer d.letLogout()
	d.sawOnline()
	err := d.listener.Close()
	d.accepting.Wait()
	d.closeSessions()
	return err
}

func (d *Daemon) closeSessions() {
	var closing sync.WaitGroup
	for _, s := range d.allSessions() {
		closing.Go(func() { s.close(codeClosed, "closing") })
	}
	closing.Wait()
}

// awaitDeparture waits, while the daemon closes, until it is time to log out.
func (d *Daemon) awaitDeparture() {
	select {
	case <-d.departed.Done():
	case <-time.After(departLimit):
	}
}

// handshakeContext ends with the session, but only after handshakeGrace when that is
// because the daemon closes.
func (s *session) handshakeContext() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), handshakeTimeout)
	forget := context.AfterFunc(s.ctx, func() {
		if s.daemon.ctx.Err() == nil {
			cancel()
			return
		}
		time.AfterFunc(handshakeGrace, cancel)
	})
	return ctx, func() {
		forget()
		cancel()
	}
}

package rendezvous

import (
	"math/rand/v2"
	"time"

	"peerd/wire"
)

const (
	// returnWithin is the time over which peers come back after a shutdown,
	// each at a random moment: a thousand handshakes at once would make
	// everybody wait. Long enough for a restart to finish meanwhile.
	returnWithin = 10 * time.Second
	// farewellTimeout is how long a shutdown waits for the goodbyes to leave.
	farewellTimeout = 2 * time.Second
)

// sayGoodbye stops taking new connections, tells every peer when to come back,
// and waits until they have been told, but not for long.
func (s *Server) sayGoodbye() {
	_ = s.tcp.Close()
	s.halfOpen.shut()
	connections := s.hub.connections()
	for _, c := range connections {
		c.goodbye(wire.Goodbye{Reason: "the rendezvous is shutting down", ReturnIn: rand.N(returnWithin)})
	}
	patience := time.After(farewellTimeout)
	for _, c := range connections {
		select {
		case <-c.gone:
		case <-patience:
			return
		}
	}
	s.log.Info().Int("peers", len(connections)).Msg("said goodbye")
}

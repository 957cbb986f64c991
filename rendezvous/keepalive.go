package rendezvous

import (
	"context"
	"time"
)

const (
	// tickEvery is how often connections are looked at; pings are due every
	// pingEvery, spread by when each peer logged in.
	tickEvery = time.Second
	// keepSeenEvery is how often logout times are written to disk.
	keepSeenEvery = time.Minute
)

// keepAlive pings peers, forgets idle sessions, and tells the service manager
// that we are alive, until ctx ends. It takes the hub's lock on its way, so a
// hub that hangs misses the watchdog.
func (s *Server) keepAlive(ctx context.Context) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	var keptAt time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			for _, c := range s.hub.connections() {
				if c.ping(now) {
					s.relay.forgetIdle(c, now)
				}
			}
			if now.Sub(keptAt) >= keepSeenEvery {
				keptAt = now
				s.keepSeen()
			}
			s.config.Notify("WATCHDOG=1")
		}
	}
}

func (s *Server) keepSeen() {
	if err := s.state.keepSeen(s.hub.takeSeen()); err != nil {
		s.log.Warn().Err(err).Msg("note when members were seen")
	}
}

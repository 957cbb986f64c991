package rendezvous

import (
	"fmt"
	"net/netip"
	"sync/atomic"

	"peerd/rendezvous/classic"
)

// openClassic opens the door for the original protocol, when it is wanted.
func (s *Server) openClassic() (err error) {
	if s.config.Classic == "" {
		return nil
	}
	if s.classic, err = classic.Open(s.config.Classic, s.state.isMembersName, s.log); err != nil {
		return hinted(fmt.Errorf("serve the classic protocol: %w", err),
			"choose a free IPv4 HOST:PORT or :PORT with --classic; not the ones of --listen")
	}
	return nil
}

// enterDoor lets c take part in the classic protocol if its peer wants to. A user
// who has its name is logged out in any case.
func (s *Server) enterDoor(c *connection, wanted bool) {
	if s.classic == nil {
		return
	}
	s.classic.Taken(c.name)
	if wanted {
		c.door = s.classic.Enter(c.name, func(frame []byte) { _ = c.sendFrames(frame) })
		s.observeAtDoor(c)
	}
}

// observeAtDoor tells the door where c is observed.
func (s *Server) observeAtDoor(c *connection) {
	if c.door != nil {
		s.classic.Observed(c.door, c.observedEndpoint())
	}
}

// leaveDoor takes c out of the list.
func (s *Server) leaveDoor(c *connection) {
	if c.door != nil {
		s.classic.Leave(c.door)
	}
}

// ClassicAddr returns the address of the door for the original protocol, UDP
// and TCP alike; the zero AddrPort when there is none.
func (s *Server) ClassicAddr() netip.AddrPort {
	if s.classic == nil {
		return netip.AddrPort{}
	}
	return s.classic.Addr()
}

// describeClassic adds the door to a status.
func (s *Server) describeClassic(status *Status) {
	if s.classic == nil {
		return
	}
	status.Classic, status.ClassicUsers = s.classic.Addr().String(), s.classic.Users()
}

// classicMetrics adds the door's metrics, when there is one.
func (s *Server) classicMetrics(gauge func(name, help string, value func() float64), counter func(name, help string, value *atomic.Uint64)) {
	if s.classic == nil {
		return
	}
	gauge("classic_users", "Users of the classic protocol online.", func() float64 { return float64(s.classic.Users()) })
	n := s.classic.Counters()
	counter("classic_logins_total", "Classic logins answered.", &n.Logins)
	counter("classic_lists_total", "Classic lists sent.", &n.Lists)
	counter("classic_announcements_total", "Datagrams that told classic users of each other.", &n.Announcements)
	counter("classic_malformed_total", "Classic datagrams that are no login or logout.", &n.Malformed)
	counter("classic_refused_total", "Classic logins without room or with a taken name, logouts of nobody.", &n.Refused)
	counter("classic_over_rate_total", "Classic datagrams over the limit of their address.", &n.OverRate)
	counter("classic_lists_refused_total", "Classic TCP connections of nobody who waits, or over a limit.", &n.ListsRefused)
	counter("classic_receive_errors_total", "Errors of reading the classic UDP socket.", &n.ReceiveErrors)
}

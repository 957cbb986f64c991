package socket

import (
	"errors"
	"net/netip"
	"time"

	"peerd/punch"
)

// proofTime is how long whoever is at the other end of a new connection has to
// send an authentic probe. The peer sends its first at once and repeats it; a
// stranger may not keep a socket and two buffers of ours for longer.
const proofTime = 5 * time.Second

var (
	// errNoTCPSource means that there is no control connection, or that it is of
	// the other address family than the peer's.
	errNoTCPSource = errors.New("no control connection to share a port with")
	// errHeldBack means that the governor allows no more packets to endpoints that
	// have not answered, or lets our router rest.
	errHeldBack = errors.New("too many packets to endpoints that have not answered")
)

// SetTCPSource says which local endpoint connections to peers leave from: that
// of the control connection, whose mapping the rendezvous sees and names to
// peers. The zero AddrPort, as at the beginning, refuses them.
func (s *Socket) SetTCPSource(local netip.AddrPort) {
	local = unmapped(local)
	s.tcpSource.Store(&local)
}

// connectTCP begins to open a connection to the peer, which then is an outlet
// of the session like another.
func (x *Session) connectTCP(action punch.ConnectTCP) {
	s := newStream(x, action.Socket, unmapped(action.To))
	if !x.outlets.add(s.id, s) || !x.socket.begin(s.run) {
		s.close()
	}
}

// run opens the connection and lives as long as it does.
func (s *stream) run() {
	x := s.session
	defer x.lose(s.id)
	if err := s.connect(); err != nil && s.ctx.Err() == nil {
		x.socket.config.Logger.Debug().Err(err).Stringer("session", x.id).Msg("no TCP connection to the peer")
	}
}

// connect opens the connection and carries datagrams; it returns why that did
// not come about, or why it ended.
func (s *stream) connect() error {
	x := s.session
	source := x.socket.tcpSource.Load()
	if source == nil || !source.IsValid() || source.Addr().Is4() != s.to.Addr().Is4() {
		return errNoTCPSource
	}
	if !x.socket.governor.mayConnect(x.flow(s.id, s.to)) {
		return errHeldBack
	}
	conn, err := x.socket.openTCP(s.ctx, *source, s.to)
	if err != nil {
		return err
	}
	x.socket.config.Logger.Debug().Stringer("session", x.id).Stringer("to", s.to).Msg("TCP connection open")
	proof := time.AfterFunc(proofTime, s.closeUnproven)
	defer proof.Stop()
	return s.carry(conn, func() { x.step(punch.Connected{Socket: s.id}) })
}

// closeUnproven ends a connection over which nobody has proved to be the peer.
func (s *stream) closeUnproven() {
	if !s.session.outlets.hasHeard(s.id, s.to) {
		s.close()
	}
}

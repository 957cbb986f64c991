package peer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/internal/identity"
	"peerd/punch"
	"peerd/punch/socket"
	"peerd/roster"
	"peerd/wire"
)

const (
	// handshakeTimeout bounds one QUIC handshake. Through the relay it takes two
	// round trips; the rest is for lost packets.
	handshakeTimeout = 10 * time.Second
	// dialPause is the time between failed handshakes of one session, and from one that
	// succeeds to the next at least: a peer that ends each connection at once would have
	// us shake hands hundreds of times a second.
	dialPause = time.Second
	// unconnectedLimit is how long a session may be without a connection while
	// the rendezvous can introduce us anew. By then the handshake has failed three
	// times over: the instance is gone, and what waits for the peer needs another
	// session. Without the rendezvous this session is the only way to the peer.
	unconnectedLimit = 35 * time.Second
)

// maxSessions bounds the sessions at one time, as the rendezvous does for a key. One
// gone bad could introduce us to sixty thousand peers that it has made up, each of
// which costs us an engine and four goroutines for unconnectedLimit.
const maxSessions = 1024

// maxConversations bounds the peers with whom introductions make us begin a
// conversation, which stays, and costs two goroutines, when its session has gone. As many
// are members at one time; more come only one after the other, made up. Whom the user
// writes to is not bounded.
const maxConversations = roster.MaxMembers

// Application error codes a session is closed with.
const (
	codeClosed   quic.ApplicationErrorCode = 0 // the daemon closes
	codeReplaced quic.ApplicationErrorCode = 1 // a newer session or connection takes over
	codeStranger quic.ApplicationErrorCode = 2 // not the peer this session is with
)

// session is the channel to one running instance of a peer. It exists from
// the introduction on; its QUIC connection comes up a little later, breaks
// and comes up again while the session lasts.
type session struct {
	daemon *Daemon
	id     wire.SessionID
	peer   wire.Key
	punch  *socket.Session

	ctx    context.Context // ends with the session
	cancel context.CancelFunc
	group  sync.WaitGroup

	// checks holds one wish to check the connection, pinging is set while the ping of
	// a check waits to leave, and unanswered while a check awaits its pong.
	checks     chan struct{}
	pinging    atomic.Bool
	unanswered atomic.Bool
	// absent is set while the peer's absence is being watched.
	absent atomic.Bool
	// bulk counts the bulk connections that the peer has opened.
	bulk atomic.Int32
	// announcing counts the wishes to tell the peer how far we have read since the
	// goroutine began that does so; 0 when there is none.
	announcing atomic.Int32

	mu sync.Mutex // guards what follows
	// connection is nil until a handshake has succeeded, and again when the
	// connection has broken.
	connection *quic.Conn
	// outgoing is our stream on that connection.
	outgoing *outgoing
}

// introduced takes the introduction of a peer: a new session, or another
// attempt to punch for the one we have.
func (d *Daemon) introduced(m wire.Introduction) {
	if m.Session != wire.DeriveSessionID(d.Key(), d.instance, m.Peer, m.Instance) {
		d.lies.Warn().Stringer("peer", m.Peer).Msg("introduction to a session that is not ours")
		return
	}
	if _, known := d.rosterRow(m.Peer); !known {
		d.lies.Warn().Stringer("peer", m.Peer).Msg("introduction to a stranger")
		return
	}
	if !d.hasRoomFor(m) {
		d.lies.Warn().Stringer("peer", m.Peer).Msg("introduction passed over, there are too many sessions or peers")
		return
	}
	if err := d.shuns(m.Peer); err != nil {
		d.log.Debug().Err(err).Stringer("peer", m.Peer).Msg("introduction passed over")
		return
	}
	c := d.conversation(m.Peer)
	s, err := c.sessionFor(m)
	if err != nil {
		d.lies.Error().Err(err).Stringer("peer", m.Peer).Msg("open session") // with a key that is none, say
		return
	}
	d.meet(c, s, m)
	d.log.Debug().Stringer("peer", m.Peer).Int("candidates", len(m.Candidates)).Dur("fire_in", m.FireIn).Msg("introduced")
	s.checkSoon() // the relay has a route for us again
	if len(m.Sealed) > 0 {
		d.receiveSealed(s, m.Sealed)
	}
	if m.Caller {
		d.markSent(c.peer, c.takeSealed())
	}
}

// meet looks for a direct path to a peer that may learn where we are. An introduction
// that shows nothing of the peer wants our consent, or its.
func (d *Daemon) meet(c *conversation, s *session, m wire.Introduction) {
	switch {
	case !d.mayLearn(m.Peer):
		return
	case len(m.Candidates) > 0:
		d.search(s, m)
	case !m.Caller && d.withholds():
		c.want(true)
	}
}

// search looks for a direct path. Who may no longer learn where we are since it began
// finds the session confined again.
func (d *Daemon) search(s *session, m wire.Introduction) {
	openerTTL, taken := d.ownNAT()
	s.punch.Introduce(socket.Introduction{
		Candidates: m.Candidates,
		FireIn:     m.FireIn,
		Observed:   d.observedEndpoint(),
		Ours:       d.ownReport(),
		Theirs:     m.NAT,
		OpenerTTL:  openerTTL,
		Taken:      taken,
		Caller:     m.Caller,
	})
	if !d.mayLearn(m.Peer) {
		s.punch.Confine()
	}
}

// hasRoomFor reports whether there are the session and the conversation that an
// introduction is for, or may be.
func (d *Daemon) hasRoomFor(m wire.Introduction) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return (d.sessions[m.Session] != nil || len(d.sessions) < maxSessions) &&
		(d.conversations[m.Peer] != nil || len(d.conversations) < maxConversations)
}

// sessionFor returns the session an introduction is for, and ends an older one:
// another instance of the peer runs now. It belongs to the goroutine that reads
// the control connection, so two calls never race; no lock is held while the
// session opens, because the socket's callbacks take the same one.
func (c *conversation) sessionFor(m wire.Introduction) (*session, error) {
	c.mu.Lock()
	c.introduction, c.introducedAt = m, time.Now()
	c.introduction.Sealed = nil
	old := c.session
	c.mu.Unlock()
	if old != nil && old.id == m.Session {
		return old, nil
	}
	s, err := c.daemon.openSession(m)
	if err != nil {
		return nil, err
	}
	if old != nil {
		c.daemon.spawn(func() { old.close(codeReplaced, "another instance") })
	}
	c.take(s)
	c.wake() // it may be connected already
	return s, nil
}

// take makes s the session of the conversation. One that has been dropped since it was
// opened would be taken for the one that the next introduction is for.
func (c *conversation) take(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session = s; s.ctx.Err() != nil {
		c.session = nil
	}
}

func (d *Daemon) openSession(m wire.Introduction) (*session, error) {
	send, receive, err := d.self.ProbeKeys(m.Peer, m.Session)
	if err != nil {
		return nil, err
	}
	config := punch.Config{Session: m.Session, SendKey: send, ReceiveKey: receive, Confined: true}
	rand.Read(config.Seed[:])
	opened, err := d.socket.Open(config)
	if err != nil {
		return nil, err
	}
	s := &session{daemon: d, id: m.Session, peer: m.Peer, punch: opened, checks: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(d.ctx)
	d.mu.Lock()
	shunned := d.shunsLocked(m.Peer) // since just now; who shuns it from here on ends the session
	if shunned == nil {
		d.sessions[s.id] = s
	}
	d.mu.Unlock()
	if shunned != nil {
		s.cancel()
		opened.Close()
		return nil, shunned
	}
	// By begin, as it may have been dropped already.
	if d.Key().Compare(m.Peer) < 0 {
		s.begin(s.keepDialled)
	}
	s.begin(s.dropUnconnected)
	s.begin(s.watchConnection)
	return s, nil
}

// dropUnconnected ends the session when it has been without a connection for
// too long.
func (s *session) dropUnconnected() {
	ticker := time.NewTicker(unconnectedLimit / 5)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			return
		}
		if s.connected() || s.daemon.currentControl() == nil {
			last = time.Now()
		}
		if time.Since(last) > unconnectedLimit {
			s.daemon.spawn(func() { s.drop("no connection") })
			return
		}
	}
}

// drop ends the session from within; the conversation talks again when there
// is a reason.
func (s *session) drop(reason string) {
	c := s.daemon.conversation(s.peer)
	s.cancel() // first: see take
	c.mu.Lock()
	if c.session == s {
		c.session = nil
	}
	c.mu.Unlock()
	s.close(codeClosed, reason)
	s.daemon.publishPath(s.peer)
	c.wake()
}

// keepDialled dials the peer's QUIC side, again whenever the connection breaks.
func (s *session) keepDialled() {
	for s.ctx.Err() == nil {
		pause := dialPause
		connection, err := s.dial()
		if err == nil {
			connected := time.Now()
			s.use(connection)
			<-connection.Context().Done()
			pause -= time.Since(connected)
		} else if s.ctx.Err() == nil {
			s.daemon.log.Debug().Err(err).Stringer("peer", s.peer).Msg("session handshake failed")
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
		}
	}
}

func (s *session) dial() (*quic.Conn, error) {
	ctx, cancel := s.handshakeContext()
	defer cancel()
	tls := s.daemon.self.MutualTLS(wire.SessionProtocol, s.peer)
	return s.daemon.socket.Transport().Dial(ctx, s.punch.Addr(), tls, socket.QUICConfig())
}

// acceptSessions hands incoming QUIC connections to their sessions, until the
// listener is closed and all have been told so who shook hands with it.
func (d *Daemon) acceptSessions() {
	for {
		connection, err := d.listener.Accept(context.Background())
		if err != nil {
			return
		}
		s := d.sessionOf(connection)
		switch {
		case d.ctx.Err() != nil:
			connection.CloseWithError(codeClosed, "closing")
		case s == nil:
			connection.CloseWithError(codeStranger, "not introduced")
		case connection.ConnectionState().TLS.NegotiatedProtocol == wire.BulkProtocol:
			s.begin(func() { s.serveBulk(connection) })
		default:
			s.use(connection)
		}
	}
}

// sessionOf finds the session a connection belongs to: the one with the virtual
// address it came from, and only if it is the peer who proved its key.
func (d *Daemon) sessionOf(connection *quic.Conn) *session {
	key, err := identity.PeerKey(connection.ConnectionState().TLS)
	if err != nil {
		return nil
	}
	for _, s := range d.allSessions() {
		if s.peer == key && s.punch.Addr().String() == connection.RemoteAddr().String() {
			return s
		}
	}
	return nil
}

// isSessionPeer reports whether there is a session with key: nobody else may
// shake hands.
func (d *Daemon) isSessionPeer(key wire.Key) bool {
	for _, s := range d.allSessions() {
		if s.peer == key {
			return true
		}
	}
	return false
}

// begin runs task on a goroutine that close waits for, unless the session has
// ended.
func (s *session) begin(task func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil {
		s.group.Go(task)
	}
}

// use takes a fresh connection into use in place of an older one.
func (s *session) use(connection *quic.Conn) {
	s.mu.Lock()
	old := s.connection
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		connection.CloseWithError(codeClosed, "closing")
		return
	}
	s.connection, s.outgoing = connection, nil
	s.punch.MeasureLoss(func() (sent, lost uint64) {
		stats := connection.ConnectionStats()
		return stats.PacketsSent, stats.PacketsLost
	})
	s.group.Go(func() { s.serve(connection) })
	s.mu.Unlock()
	if old != nil {
		old.CloseWithError(codeReplaced, "another connection")
	}
	s.daemon.log.Debug().Stringer("peer", s.peer).Msg("session connected")
	s.announceRead()
	s.daemon.publishPath(s.peer)
	c := s.daemon.conversation(s.peer)
	c.announceConnected()
	c.wake()
}

// serve accepts the peer's streams until the connection ends.
func (s *session) serve(connection *quic.Conn) {
	var streams sync.WaitGroup
	for {
		stream, err := connection.AcceptStream(s.ctx)
		if err != nil {
			break
		}
		streams.Go(func() { s.serveStream(stream) })
	}
	if s.ctx.Err() != nil {
		connection.CloseWithError(codeClosed, "closing")
	}
	streams.Wait()
	s.lost(connection)
}

// lost notes that a connection has ended; what it left unacknowledged is sent
// again over the next one.
func (s *session) lost(connection *quic.Conn) {
	s.mu.Lock()
	current := s.connection == connection
	if current {
		s.connection, s.outgoing = nil, nil
	}
	s.mu.Unlock()
	if !current || s.ctx.Err() != nil {
		return
	}
	cause := context.Cause(connection.Context())
	s.daemon.log.Debug().Err(cause).Stringer("peer", s.peer).Msg("session connection lost")
	if isGoodbye(cause) {
		s.daemon.spawn(func() { s.drop("peer closed") }) // this instance does not come back
		return
	}
	s.daemon.conversation(s.peer).want(true)
}

// isGoodbye reports whether the peer's daemon closes, or has blocked us. One that
// closes while it shakes hands refuses, and the handshake may be over on our side.
func isGoodbye(cause error) bool {
	if end, ok := errors.AsType[*quic.ApplicationError](cause); ok {
		return end.Remote && end.ErrorCode == codeClosed
	}
	end, ok := errors.AsType[*quic.TransportError](cause)
	return ok && end.Remote && end.ErrorCode == quic.ConnectionRefused
}

func (s *session) connected() bool { return s.currentConnection() != nil }

// currentConnection returns the connection in use; nil when there is none.
func (s *session) currentConnection() *quic.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connection
}

// roundTrip is QUIC's estimate over whatever path it took; zero when there is
// no connection.
func (s *session) roundTrip() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connection == nil {
		return 0
	}
	return s.connection.ConnectionStats().SmoothedRTT
}

// close ends the session and waits for its goroutines.
func (s *session) close(code quic.ApplicationErrorCode, reason string) {
	d := s.daemon
	d.mu.Lock()
	if d.sessions[s.id] == s {
		delete(d.sessions, s.id)
	}
	d.mu.Unlock()
	s.mu.Lock()
	connection := s.connection
	s.cancel()
	s.mu.Unlock()
	if connection != nil {
		connection.CloseWithError(code, reason)
	}
	s.group.Wait()
	s.punch.Close()
}

func (d *Daemon) allSessions() []*session {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]*session, 0, len(d.sessions))
	for _, s := range d.sessions {
		all = append(all, s)
	}
	return all
}

// errNotConnected is returned for work that needs a connection when it has
// just been lost.
var errNotConnected = errors.New("session is not connected")

// OpenStream opens a stream of kind to the peer, for protocols other than
// messages. It returns an error when no session is connected.
func (d *Daemon) OpenStream(ctx context.Context, peer wire.Key, kind StreamKind) (*quic.Stream, error) {
	s := d.conversation(peer).currentSession()
	if s == nil {
		return nil, errNotConnected
	}
	s.mu.Lock()
	connection := s.connection
	s.mu.Unlock()
	return openStream(ctx, connection, kind)
}

func openStream(ctx context.Context, connection *quic.Conn, kind StreamKind) (*quic.Stream, error) {
	if connection == nil {
		return nil, errNotConnected
	}
	stream, err := connection.OpenStreamSync(ctx)
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	if _, err := stream.Write([]byte{byte(kind)}); err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	return stream, nil
}

func (c *conversation) currentSession() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

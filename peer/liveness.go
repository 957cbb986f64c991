package peer

import (
	"context"
	"time"

	"github.com/quic-go/quic-go"

	"peerd/wire"
)

// Whether the peer is still there is asked when there is a reason to ask, not
// all the time: an idle pair is quiet.
//
//	the way to the peer has changed, ───▶ ping on the connection ──no pong──▶ a new
//	  or is doubted; no receipt comes                                     connection
//	the peer went offline in the roster ─▶ its direct path is probed ──dead─▶ no session

const (
	// pongPatience is how long the peer may say nothing on a connection whose
	// packets should get through, when it was asked. QUIC waits ever longer before
	// it repeats what an outage has swallowed; a new handshake is faster then.
	pongPatience = 5 * time.Second
	// absencePatience is how long a session without a direct path outlives its
	// peer's logout. It covers a peer, or a rendezvous, that comes back soon.
	absencePatience = 15 * time.Second
	// handshakePatience is the same for a session without a connection, which has little
	// to lose: its peer stopped during the handshake and could not say so. A dead direct
	// path has been left by then (punch.TrustFor).
	handshakePatience = 2 * time.Second
	// receiptPatience is how long a message may be without a receipt before its
	// conversation talks again. It doubles each time, up to longestReceipt: the
	// disk of the peer may be full.
	receiptPatience = 10 * time.Second
	longestReceipt  = 5 * time.Minute
	// receiptDoubt is how long a message may be without a receipt before we look
	// whether the network is still what it was. The relay, unlike a direct path,
	// has nobody else to notice. Shorter costs slow peers a login and a ping.
	receiptDoubt = 500 * time.Millisecond
)

// checkSoon has the connection checked with a ping, which also makes QUIC repeat
// what got lost: it does so when an answer to something later comes. It does not
// block.
func (s *session) checkSoon() { signal(s.checks) }

// watchConnection checks the connection when it is asked to, and gives up one
// that is silent though there is a way to the peer. One on which anything comes is
// not: its pong may have to wait behind much that is being delivered, and a
// handshake would throw away what is under way.
func (s *session) watchConnection() {
	var checked *quic.Conn
	var heard uint64
	var answered <-chan struct{}
	var silent <-chan time.Time
	forget := func() {}
	defer func() { forget() }()
	for {
		select {
		case <-s.checks:
			if !s.pinging.Load() { // else the pong of the ping that waits to leave answers this too
				forget()
				answered, forget = s.check()
			}
			if current := s.currentConnection(); current != checked || silent == nil {
				checked, heard, silent = current, heardOn(current), time.After(pongPatience)
			}
		case <-answered:
			answered, silent = nil, nil
		case <-silent:
			silent = nil
			if now := heardOn(checked); now != heard {
				heard, silent = now, time.After(pongPatience)
			} else {
				s.giveUpSilent(checked)
			}
		case <-s.ctx.Done():
			return
		}
		s.unanswered.Store(silent != nil)
	}
}

// heardOn is how many packets have come on a connection, which may be nil.
func heardOn(connection *quic.Conn) uint64 {
	if connection == nil {
		return 0
	}
	return connection.ConnectionStats().PacketsReceived
}

// check sends a ping and returns a channel that is closed by its pong. Nobody
// waits for the ping to leave, as it may be stuck behind other data.
func (s *session) check() (answered <-chan struct{}, forget func()) {
	nonce, answered, forget := s.daemon.waiters.awaitPong()
	s.pinging.Store(true)
	s.begin(func() {
		defer s.pinging.Store(false)
		_ = s.sendPing(nonce) // a broken connection is noticed elsewhere
	})
	return answered, forget
}

// giveUpSilent ends a connection that has not answered, unless there is no way
// on which it could have.
func (s *session) giveUpSilent(connection *quic.Conn) {
	path := s.punch.Path()
	trusted := path.IsDirect() && !path.Doubtful
	if connection == nil || !trusted && !s.daemon.conversation(s.peer).reachable() {
		return
	}
	s.daemon.log.Debug().Stringer("peer", s.peer).Msg("session connection does not answer")
	connection.CloseWithError(codeReplaced, "no answer")
}

// peerOffline looks whether a peer that the rendezvous has lost is there
// nevertheless.
func (d *Daemon) peerOffline(peer wire.Key) {
	c := d.existingConversation(peer)
	if c == nil {
		return
	}
	if s := c.currentSession(); s != nil && s.absent.CompareAndSwap(false, true) {
		s.begin(s.watchAbsence)
	}
	d.publishPath(peer)
}

// watchAbsence ends the session when its peer stays offline and has no direct
// path.
func (s *session) watchAbsence() {
	defer s.absent.Store(false)
	s.punch.Suspect()
	for {
		select {
		case <-time.After(s.patienceWithAbsence()):
		case <-s.ctx.Done():
			return
		}
		if row, _ := s.daemon.rosterRow(s.peer); row.Online {
			return
		}
		if !s.punch.Path().IsDirect() {
			s.daemon.spawn(func() { s.drop("peer is offline") })
			return
		}
	}
}

func (s *session) patienceWithAbsence() time.Duration {
	if s.connected() {
		return absencePatience
	}
	return handshakePatience
}

// progressed notes that messages went out, or that a receipt came back.
func (o *outgoing) progressed() { o.progress.Store(int64(time.Since(o.opened))) }

// receiptDue returns when to look for a receipt again: 0 when none is awaited.
// It reports whether one is overdue, and is patient for twice as long then.
// It belongs to the goroutine that delivers.
func (s *session) receiptDue(ctx context.Context, o *outgoing) (look time.Duration, overdue bool) {
	awaited, err := s.daemon.store.Pending(ctx, s.peer, 0, 1)
	if err != nil || len(awaited) == 0 || awaited[0].Seq > o.next {
		return 0, false
	}
	quiet := time.Since(o.opened) - time.Duration(o.progress.Load())
	switch {
	case quiet < receiptDoubt:
		return receiptDoubt - quiet, false
	case quiet < o.patience:
		signal(s.daemon.roaming.doubts)
		return o.patience - quiet, false
	}
	o.patience = min(2*o.patience, longestReceipt)
	o.progressed()
	return o.patience, true
}

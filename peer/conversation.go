package peer

import (
	"net/netip"
	"sync"
	"time"

	"peerd/internal/failpoint"
	"peerd/peer/store"
	"peerd/wire"
)

const (
	// talkPatience is how long a talk may take until its session works, before
	// the conversation talks again. It covers a handshake through the relay with
	// a lost packet or two.
	talkPatience = 5 * time.Second
	// talkSpacing is the least time between two talks of one conversation,
	// whatever the reasons: the rendezvous limits us anyway.
	talkSpacing = 500 * time.Millisecond
)

// conversation is all there is between us and one peer: it sees to it that
// what is queued gets delivered, by whatever way there is. It has two goroutines,
// which sleep until they are woken by a message, a login, a receipt or a session:
// one that sees to it that there is a session, and one that delivers over it. The
// latter blocks while the peer takes nothing; if that is because its instance is
// gone, only another introduction ends it.
type conversation struct {
	daemon *Daemon
	peer   wire.Key
	// meetings and deliveries hold one wake-up each, for either goroutine.
	meetings, deliveries chan struct{}
	// unmarked are messages handed to the network that are not marked so yet.
	unmarked sequences

	mu sync.Mutex // guards what follows
	// connected is closed, and replaced, whenever a session connects.
	connected chan struct{}
	// session is the one introduced last; nil when there is none.
	session *session
	// wanted asks for a session though nothing is queued: for a ping, say.
	wanted bool
	// again asks for a new introduction though there is a session.
	again bool
	// talkedAt is when we last asked to be introduced.
	talkedAt time.Time
	// sealed is the message inside the talk under way. It counts as sent when
	// the introduction says that the talk has reached the peer.
	sealed []store.Message
	// announced is the way to the peer that subscribers were told last, without
	// its round trip, and announcedAt when that was.
	announced   way
	announcedAt time.Time
	// refused says why the last talk failed; zero when it did not.
	refused wire.TalkRefusedCode
	// introduction is the last one, and introducedAt when it came; zero when
	// there was none.
	introduction wire.Introduction
	introducedAt time.Time
}

// conversation returns the conversation with peer and starts it if need be.
func (d *Daemon) conversation(peer wire.Key) *conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.conversations[peer]
	if c == nil {
		c = &conversation{
			daemon: d, peer: peer,
			meetings: make(chan struct{}, 1), deliveries: make(chan struct{}, 1),
			connected: make(chan struct{}),
		}
		d.conversations[peer] = c
		if d.ctx.Err() == nil {
			d.group.Go(func() { c.repeat(c.meetings, c.advance) })
			d.group.Go(func() { c.repeat(c.deliveries, c.deliver) })
		}
	}
	return c
}

// wake makes the conversation look at what there is to do.
func (c *conversation) wake() {
	signal(c.meetings)
	signal(c.deliveries)
}

// nextConnection returns a channel that is closed when a session connects.
func (c *conversation) nextConnection() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connected
}

// announceConnected tells those who wait for a session.
func (c *conversation) announceConnected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.connected)
	c.connected = make(chan struct{})
}

// want asks for a session, and for a new introduction if again is set.
func (c *conversation) want(again bool) {
	c.mu.Lock()
	c.wanted = true
	c.again = c.again || again
	c.mu.Unlock()
	c.wake()
}

// repeat calls advance at every wake-up, and when advance has said to look again;
// zero means not before the next wake-up.
func (c *conversation) repeat(wakeups <-chan struct{}, advance func() time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-wakeups:
		case <-timer.C:
		case <-c.daemon.ctx.Done():
			return
		}
		if next := advance(); next > 0 {
			timer.Reset(next)
		}
	}
}

// deliver sends what is queued over the session, if there is one, and returns
// when to look again.
func (c *conversation) deliver() time.Duration {
	s := c.currentSession()
	if s == nil || !s.connected() {
		return 0
	}
	look, overdue, err := s.deliverPending()
	if err != nil {
		c.daemon.log.Debug().Err(err).Stringer("peer", c.peer).Msg("delivery interrupted")
		look = resendPause
	}
	if overdue { // the instance we have a session with may be gone
		c.want(true)
		s.checkSoon()
	}
	return look
}

// advance asks for an introduction if there is a reason to, and returns when to look
// again.
func (c *conversation) advance() time.Duration {
	c.mu.Lock()
	s, again, talkedAt := c.session, c.again, c.talkedAt
	c.mu.Unlock()
	connected := s != nil && s.connected()
	if connected && !again || !connected && !c.hasReason() || !c.reachable() {
		return 0
	}
	pause := talkPatience
	if again || s == nil {
		pause = talkSpacing
	}
	if left := pause - time.Since(talkedAt); left > 0 {
		return left
	}
	c.talk()
	return talkPatience
}

// hasReason reports whether there is a reason to have a session.
func (c *conversation) hasReason() bool {
	c.mu.Lock()
	wanted := c.wanted
	c.mu.Unlock()
	if wanted {
		return true
	}
	pending, err := c.daemon.store.Pending(c.daemon.ctx, c.peer, 0, 1)
	return err == nil && len(pending) > 0
}

// reachable reports whether a talk makes sense: we and the peer are online, and
// the user wants to have to do with it.
func (c *conversation) reachable() bool {
	row, known := c.daemon.rosterRow(c.peer)
	return known && row.Online && c.daemon.currentControl() != nil && c.daemon.shuns(c.peer) == nil
}

// talk asks the rendezvous to introduce us to the peer, with the first message
// that waits sealed inside, so that it arrives before any session exists.
func (c *conversation) talk() {
	d := c.daemon
	talk := wire.Talk{To: c.peer}
	var head []store.Message
	head, talk.Sealed = c.sealHead()

	c.mu.Lock()
	c.talkedAt, c.again, c.refused, c.sealed = time.Now(), false, 0, head
	c.mu.Unlock()
	failpoint.Hit(failpoint.TalkSealed)
	if d.askFor(talk) {
		d.log.Debug().Stringer("peer", c.peer).Bool("sealed", talk.Sealed != nil).Msg("talk")
	}
	failpoint.Hit(failpoint.TalkSent)
}

// takeSealed returns the message that went out inside the last talk, once.
func (c *conversation) takeSealed() []store.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	sealed := c.sealed
	c.sealed = nil
	return sealed
}

// talkRefused notes why the rendezvous did not introduce us.
func (d *Daemon) talkRefused(m wire.TalkRefused) {
	c := d.existingConversation(m.To)
	if c == nil {
		return // we have not asked
	}
	c.mu.Lock()
	c.refused = m.Code
	if m.Code != wire.TalkRefusedBusy {
		c.wanted = false // a login of the peer wakes us, a timer need not
	}
	c.mu.Unlock()
	d.log.Debug().Stringer("peer", m.To).Stringer("code", m.Code).Msg("talk refused")
}

// talkWanted is called when a session needs another introduction.
func (d *Daemon) talkWanted(id wire.SessionID, predicted []netip.AddrPort) {
	s := d.session(id)
	switch {
	case s == nil:
	case len(predicted) > 0:
		d.talkPredicted(s.peer, predicted)
	default:
		d.conversation(s.peer).want(true)
	}
}

// wakePending starts a conversation for every queued message.
func (d *Daemon) wakePending() {
	peers, err := d.store.PeersWithPending(d.ctx)
	if err != nil {
		d.log.Error().Err(err).Msg("list queued messages")
	}
	for _, peer := range peers {
		d.conversation(peer).wake()
	}
}

// wakeAll makes every conversation look for work: we are online again.
func (d *Daemon) wakeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.conversations {
		c.wake()
	}
}

package peer

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"peerd/internal/failpoint"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// sequences are a range of sequence numbers that grows until it is taken. The zero
// value is empty.
type sequences struct {
	mu          sync.Mutex
	first, last uint64
}

// add reports whether the range was empty.
func (s *sequences) add(first, last uint64) (began bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if began = s.last == 0; began {
		s.first = first
	}
	s.first, s.last = min(s.first, first), max(s.last, last)
	return began
}

// take empties the range.
func (s *sequences) take() (first, last uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, last = s.first, s.last
	s.first, s.last = 0, 0
	return first, last
}

// sentAfter is how long a message may be on its way before that is worth writing
// down. Most are delivered sooner; shorter, and each costs the disk one more change.
const sentAfter = 20 * time.Millisecond

// Send accepts a message: when it returns, the message is on our disk, and it
// will be delivered however long that takes.
func (d *Daemon) Send(ctx context.Context, request api.SendRequest) (api.Sent, error) {
	if err := api.CheckText(request.Text); err != nil {
		return api.Sent{}, err
	}
	if strings.HasPrefix(request.To, groupSign) {
		return d.sendToGroup(ctx, request)
	}
	if api.IsClassic(request.To) {
		return d.sendTalk(ctx, request)
	}
	peer, err := d.addressee(request.To)
	if err != nil {
		return api.Sent{}, err
	}
	id, err := requestedID(request.ID)
	if err != nil {
		return api.Sent{}, err
	}
	if err := d.choose(ctx, peer); err != nil {
		return api.Sent{}, err
	}
	now := time.Now()
	failpoint.Hit(failpoint.AcceptBefore)
	m, err := d.store.Accept(ctx, peer, id, request.Text, now)
	if err != nil {
		return api.Sent{}, fmt.Errorf("accept message: %w", err)
	}
	failpoint.Hit(failpoint.AcceptAfter)
	d.accepted(now, m)
	d.conversation(peer).wake()
	return d.sentRow(m), nil
}

// requestedID returns the id the caller drew, or a new one.
func requestedID(text string) (wire.MessageID, error) {
	if text == "" {
		var random [10]byte
		rand.Read(random[:])
		return wire.NewMessageID(time.Now(), random), nil
	}
	id, err := wire.ParseMessageID(text)
	if err != nil {
		return id, &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	return id, nil
}

// WaitMessage returns the message's row when its state has reached wanted, with
// every recipient, or when ctx ends.
func (d *Daemon) WaitMessage(ctx context.Context, text string, wanted api.State) (api.Sent, error) {
	id, err := wire.ParseMessageID(text)
	if err != nil {
		return api.Sent{}, &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	changed, forget := d.waiters.awaitMessage(id)
	defer forget()
	var m store.Message
	for {
		if m.Row == 0 || !m.Group.IsZero() {
			// The row is wanted even when ctx has just ended.
			if m, err = d.slowestCopy(context.WithoutCancel(ctx), id); err != nil {
				return api.Sent{}, err
			}
		}
		row := d.sentRow(m)
		if row.State.Reached(wanted) || row.Classic { // whose state is its last one
			return row, nil
		}
		select {
		case now := <-changed:
			m = further(m, now)
		case <-ctx.Done():
			return row, nil
		case <-d.ctx.Done():
			return row, nil
		}
	}
}

// sentRow describes a message of ours.
func (d *Daemon) sentRow(m store.Message) api.Sent {
	row := api.Sent{
		ID:    m.ID.String(),
		To:    cmp.Or(d.groupName(m.Group), d.nameOf(m.Peer)),
		State: api.State(m.State),
		Path:  api.Path(m.Path),

		ClassicMark: markOf(m.Peer),
	}
	switch m.State {
	case store.Queued:
		row.Path = api.PathNone
	case store.Sent:
		row.Elapsed = elapsed(m.SentAt, time.Now())
	case store.Delivered:
		row.Elapsed = elapsed(m.SentAt, m.DeliveredAt)
	case store.Read:
		row.Elapsed = elapsed(m.SentAt, m.ReadAt)
	}
	return row
}

// elapsed is the time between two by the wall clock, which may have been set back.
func elapsed(start, end time.Time) api.Milliseconds { return api.Milliseconds(max(0, end.Sub(start))) }

// markSent notes that messages to peer, in their order, were handed to the
// network, unless their receipts are faster.
func (d *Daemon) markSent(peer wire.Key, messages []store.Message) {
	if len(messages) == 0 {
		return
	}
	c := d.conversation(peer)
	if !c.unmarked.add(messages[0].Seq, messages[len(messages)-1].Seq) {
		return // they are marked together with earlier ones
	}
	d.spawn(func() {
		select {
		case <-time.After(sentAfter):
		case <-d.ctx.Done():
			return
		}
		first, last := c.unmarked.take()
		failpoint.Hit(failpoint.MarkSentBefore)
		sent, err := d.store.MarkSent(d.ctx, peer, first, last)
		if err != nil {
			d.log.Error().Err(err).Msg("mark messages as sent")
			return
		}
		failpoint.Hit(failpoint.MarkSentAfter)
		d.advanced(sent...)
	})
}

// delivered takes receipts: the messages are on the peer's disk.
func (d *Daemon) delivered(peer wire.Key, path api.Path, ids ...wire.MessageID) {
	failpoint.Hit(failpoint.DeliveredBefore)
	changed, err := d.store.MarkDelivered(d.ctx, peer, time.Now(), string(path), ids...)
	if err != nil {
		d.log.Error().Err(err).Stringer("peer", peer).Msg("mark messages as delivered")
		return
	}
	failpoint.Hit(failpoint.DeliveredAfter)
	d.advanced(changed...)
}

// readByPeer takes word of how far the peer has read.
func (d *Daemon) readByPeer(peer wire.Key, m wire.Read) error {
	failpoint.Hit(failpoint.SeenBefore)
	changed, err := d.store.MarkRead(d.ctx, peer, m.UpTo, time.Now())
	if err != nil {
		return fmt.Errorf("mark messages as read: %w", err)
	}
	failpoint.Hit(failpoint.SeenAfter)
	d.advanced(changed...)
	return nil
}

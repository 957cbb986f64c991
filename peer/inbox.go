package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"peerd/internal/failpoint"
	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// receive stores messages of a peer and returns the receipts for those that are
// on our disk: once, however often they came. With an error these are the ones
// before the first that is not.
func (d *Daemon) receive(from wire.Key, messages []store.Incoming, path api.Path) ([]wire.Receipt, error) {
	failpoint.Hit(failpoint.ReceiveBefore)
	stored, err := d.keep(from, messages, path)
	if err != nil {
		err = d.notStored(from, err)
	}
	failpoint.Hit(failpoint.ReceiveAfter)
	if slices.ContainsFunc(stored, func(r store.Received) bool { return r.Fresh }) {
		if err := d.pin(d.ctx, from); err != nil {
			d.log.Warn().Err(nameless(err)).Stringer("peer", from).Msg("message of a peer that could not be made a contact")
		}
	}
	var receipts []wire.Receipt
	for _, r := range stored {
		if r.Fresh {
			failpoint.Hit(failpoint.NotifyBefore)
			d.tookMessage(r.Message)
			failpoint.Hit(failpoint.NotifyAfter)
		}
		receipts = append(receipts, wire.Receipt{ID: r.Message.ID, DeliveredAt: r.Message.ReceivedAt})
	}
	return receipts, err
}

// keep puts messages on the disk if there is room for them.
func (d *Daemon) keep(from wire.Key, messages []store.Incoming, path api.Path) ([]store.Received, error) {
	if err := d.roomForMessages(); err != nil {
		return nil, err
	}
	return d.store.ReceiveAll(d.ctx, from, messages, time.Now(), string(path))
}

// notStored describes the failure to store a message of a peer.
func (d *Daemon) notStored(from wire.Key, err error) error {
	if !errors.Is(err, store.ErrSequence) && d.ctx.Err() == nil {
		d.log.Error().Err(err).Stringer("peer", from).Msg("cannot store messages: the sender keeps them and sends them again")
	}
	return fmt.Errorf("store message: %w", err)
}

// Read lists received messages. It marks nothing.
func (d *Daemon) Read(ctx context.Context, request api.ReadRequest) ([]api.Message, error) {
	where, err := d.scope(request.From)
	if err != nil {
		return nil, err
	}
	messages, err := d.store.Messages(ctx, store.Filter{Peer: where.peer, Group: where.group, Unread: request.Unread})
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	var rows []api.Message
	for _, m := range messages {
		if !m.Outgoing {
			rows = append(rows, d.messageRow(m))
		}
	}
	return rows, nil
}

// author finds the key of a peer whose messages the user wants to read. A whole
// key may be one that was forgotten, or that the user trusts no more: its
// messages are still there.
func (d *Daemon) author(ref string) (wire.Key, error) {
	if key, err := wire.ParseKey(ref); err == nil {
		return key, nil
	}
	if api.IsClassic(ref) {
		user, err := d.classicUserOf(ref)
		return user.Key, err
	}
	return d.resolve(ref)
}

// MarkRead records that the user has seen a message and all before it, and
// tells the sender when the user wants that.
func (d *Daemon) MarkRead(ctx context.Context, mark api.ReadMark) error {
	id, err := wire.ParseMessageID(mark.UpTo)
	if err != nil {
		return &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	messages, err := d.store.ReceivedAs(ctx, id)
	if err == nil && len(messages) == 0 {
		err = d.notReceived(ctx, id)
	}
	for _, m := range messages {
		err = errors.Join(err, d.markRead(ctx, m, mark.Receipt))
	}
	return err
}

// notReceived says why no message of a peer has an id.
func (d *Daemon) notReceived(ctx context.Context, id wire.MessageID) error {
	_, err := d.store.Message(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return api.NoSuchMessage(id.String())
	case err != nil:
		return err
	}
	return &api.Error{Code: api.CodeUsage, Message: fmt.Sprintf("message %s is one of ours", id)}
}

// markRead is MarkRead for one message.
func (d *Daemon) markRead(ctx context.Context, m store.Message, receipt bool) error {
	told := receipt && d.tellsRead(ctx, m.Peer)
	failpoint.Hit(failpoint.ReadMarkBefore)
	changed, err := d.store.ReadUpTo(ctx, m.Peer, m.Group, m.Seq, time.Now(), told)
	if err != nil {
		return fmt.Errorf("mark as read: %w", err)
	}
	failpoint.Hit(failpoint.ReadMarkAfter)
	if !changed || !told {
		return nil
	}
	c := d.conversation(m.Peer)
	if s := c.currentSession(); s != nil && s.connected() {
		s.announceRead()
	} else {
		c.want(false) // the session that comes of it announces
	}
	return nil
}

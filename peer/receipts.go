package peer

import (
	"cmp"
	"context"
	"slices"
	"time"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// readBurst is how many messages subscribers are told of that a peer has read at
// once: the newest. That it has read those before follows. More would cut off who
// is about to show them (api.Hub).
const readBurst = 256

// accepted tells subscribers that a message of ours, in a group its shown copy,
// is on our disk since now: not when a repeated request has found an older one.
func (d *Daemon) accepted(now time.Time, m store.Message) {
	if m.SentAt.Equal(now) && d.events.Wanted(api.TypeSent) {
		d.events.Publish(api.Accepted{Message: d.messageRow(m)})
	}
}

// advanced tells subscribers, and who waits for it, that messages of ours have
// got into the state they are in.
func (d *Daemon) advanced(messages ...store.Message) {
	for _, m := range messages {
		d.waiters.message(m.ID, m)
	}
	if !d.events.Wanted(api.TypeReceipt) {
		return
	}
	for _, m := range messages[max(0, len(messages)-readBurst):] {
		if m.Kind == wire.KindText || !m.Hidden {
			row := d.receiptRow(m)
			if row.At.IsZero() {
				row.At = api.At(time.Now())
			}
			d.events.Publish(row)
		}
	}
}

// receiptRow tells how far a message of ours has come.
func (d *Daemon) receiptRow(m store.Message) api.Receipt {
	row := api.Receipt{
		ID:          m.ID.String(),
		To:          d.nameOf(m.Peer),
		ToKey:       d.keyOf(m.Peer),
		Group:       d.groupName(m.Group),
		State:       api.State(m.State),
		Path:        cmp.Or(api.Path(m.Path), api.PathNone),
		SentAt:      api.At(m.SentAt),
		DeliveredAt: api.At(m.DeliveredAt),
		ReadAt:      api.At(m.ReadAt),
	}
	switch m.State {
	case store.Queued:
		row.At = row.SentAt
	case store.Delivered:
		row.At = row.DeliveredAt
	case store.Read:
		row.At = row.ReadAt
	}
	return row
}

// Receipts tells how far a message of ours has come, for every recipient.
func (d *Daemon) Receipts(ctx context.Context, ref string) ([]api.Receipt, error) {
	copies, err := d.ownCopies(ctx, ref)
	if err != nil {
		return nil, err
	}
	var rows []api.Receipt
	for _, m := range copies {
		rows = append(rows, d.receiptRow(m))
	}
	slices.SortFunc(rows, func(a, b api.Receipt) int { return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.ToKey, b.ToKey)) })
	return rows, nil
}

// slowestCopy returns the copy of a message of ours that has come least far: its
// only one, but in a group.
func (d *Daemon) slowestCopy(ctx context.Context, id wire.MessageID) (store.Message, error) {
	copies, err := d.store.Copies(ctx, id)
	if err != nil {
		return store.Message{}, err
	}
	if len(copies) == 0 {
		return store.Message{}, api.NoSuchMessage(id.String())
	}
	return slices.MinFunc(copies, func(a, b store.Message) int { return byProgress(api.State(a.State), api.State(b.State)) }), nil
}

func byProgress(a, b api.State) int {
	switch {
	case a == b:
		return 0
	case a.Reached(b):
		return 1
	}
	return -1
}

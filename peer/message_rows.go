package peer

import (
	"cmp"
	"context"

	"peerd/peer/api"
	"peerd/peer/store"
)

// messageRows describes messages of either side.
func (d *Daemon) messageRows(ctx context.Context, messages []store.Message) ([]api.Message, error) {
	var rows []api.Message
	for _, m := range messages {
		if m.Outgoing && !m.Group.IsZero() {
			slowest, err := d.slowestCopy(ctx, m.ID)
			if err != nil {
				return nil, err
			}
			m.State = slowest.State
		}
		rows = append(rows, d.messageRow(m))
	}
	return rows, nil
}

// messageRow describes a message of either side; of ours in a group it is one
// member's copy.
func (d *Daemon) messageRow(m store.Message) api.Message {
	row := api.Message{
		ID:       m.ID.String(),
		Text:     m.Body,
		SentAt:   api.At(m.SentAt),
		Path:     cmp.Or(api.Path(m.Path), api.PathNone),
		EditedAt: api.At(m.EditedAt),
		Unsent:   !m.UnsentAt.IsZero(),

		ClassicMark: markOf(m.Peer),
	}
	if m.Outgoing {
		row.From, row.FromKey, row.To = d.ownName(), d.Key().String(), d.nameOf(m.Peer)
		row.Outgoing, row.State, row.ReceivedAt = true, api.State(m.State), api.At(m.DeliveredAt)
	} else {
		row.From, row.FromKey, row.To = d.nameOf(m.Peer), d.keyOf(m.Peer), d.ownName()
		row.ReceivedAt = api.At(m.ReceivedAt)
	}
	if row.Group = d.groupName(m.Group); row.Group != "" {
		row.To = row.Group
	}
	return row
}

package peer

import (
	"cmp"
	"context"
	"fmt"

	"peerd/peer/api"
	"peerd/peer/store"
)

// Search looks for messages in the history, ours and the peers'.
func (d *Daemon) Search(ctx context.Context, request api.SearchRequest) ([]api.Message, error) {
	search := store.Search{Texts: request.Texts, Limit: request.Limit}
	if request.Peer != "" {
		peer, err := d.resolve(request.Peer)
		if err != nil {
			return nil, err
		}
		search.Peer = &peer
	}
	messages, err := d.store.Search(ctx, search)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	var rows []api.Message
	for _, m := range messages {
		if m.Outgoing {
			rows = append(rows, d.outgoingRow(m))
		} else {
			rows = append(rows, d.messageRow(m))
		}
	}
	return rows, nil
}

// outgoingRow describes a message of ours.
func (d *Daemon) outgoingRow(m store.Message) api.Message {
	return api.Message{
		ID:         m.ID.String(),
		From:       d.ownName(),
		FromKey:    d.Key().String(),
		To:         d.nameOf(m.Peer),
		Text:       m.Body,
		SentAt:     api.At(m.SentAt),
		ReceivedAt: api.At(m.DeliveredAt),
		Path:       cmp.Or(api.Path(m.Path), api.PathNone),
		Outgoing:   true,
	}
}

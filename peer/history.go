package peer

import (
	"context"
	"fmt"

	"peerd/peer/api"
	"peerd/peer/store"
)

// History lists the newest messages of a conversation, ours and the others'.
func (d *Daemon) History(ctx context.Context, request api.HistoryRequest) ([]api.Message, error) {
	where, err := d.scope(request.With)
	if err != nil {
		return nil, err
	}
	filter := store.Filter{Peer: where.peer, Group: where.group, Limit: request.Limit, Newest: true}
	if request.Before != "" {
		before, err := d.storedMessage(ctx, request.Before)
		if err != nil {
			return nil, err
		}
		filter.Before = before.Row
	}
	messages, err := d.store.Messages(ctx, filter)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return d.messageRows(ctx, messages)
}

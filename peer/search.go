package peer

import (
	"context"
	"fmt"

	"peerd/peer/api"
	"peerd/peer/store"
)

// Search looks for messages in the history, ours and the peers'.
func (d *Daemon) Search(ctx context.Context, request api.SearchRequest) ([]api.Message, error) {
	where, err := d.scope(request.Peer)
	if err != nil {
		return nil, err
	}
	messages, err := d.store.Search(ctx, store.Search{
		Texts: request.Texts, Peer: where.peer, Group: where.group, Limit: request.Limit,
	})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	return d.messageRows(ctx, messages)
}

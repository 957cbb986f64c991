package peer

import (
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
	return d.messageRows(ctx, messages)
}

package chat

import (
	"context"

	"peerd/peer/api"
)

// Daemon is what a chat needs of the daemon; [*api.Client] is one. All methods
// may be called concurrently.
type Daemon interface {
	Peers(ctx context.Context) ([]api.Peer, error)
	Groups(ctx context.Context) ([]api.Group, error)
	History(ctx context.Context, request api.HistoryRequest) ([]api.Message, error)
	Search(ctx context.Context, request api.SearchRequest) ([]api.Message, error)
	Send(ctx context.Context, request api.SendRequest) (api.Sent, error)
	Edit(ctx context.Context, request api.EditRequest) (api.Message, error)
	MarkRead(ctx context.Context, mark api.ReadMark) error
	Events(ctx context.Context, types ...api.EventType) (*api.Events, error)
}

var _ Daemon = (*api.Client)(nil)

// eventTypes are the events that change what is on the screen.
var eventTypes = []api.EventType{
	api.TypeMessage, api.TypeSent, api.TypeReceipt, api.TypeEdit, api.TypePresence, api.TypePath, api.TypeGroup,
}

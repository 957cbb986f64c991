package peer

import (
	"context"
	"errors"
	"fmt"

	"peerd/peer/api"
	"peerd/peer/store"
	"peerd/wire"
)

// AfterCursor lists the messages that somebody with a cursor has to deal with.
func (d *Daemon) AfterCursor(ctx context.Context, request api.CursorRequest) ([]api.Message, error) {
	messages, err := d.store.AfterCursor(ctx, request.Name, request.Limit)
	if err != nil {
		return nil, err
	}
	var rows []api.Message
	for _, m := range messages {
		rows = append(rows, d.messageRow(m))
	}
	return rows, nil
}

// AdvanceCursor notes that a message has been dealt with.
func (d *Daemon) AdvanceCursor(ctx context.Context, advance api.CursorAdvance) error {
	id, err := wire.ParseMessageID(advance.UpTo)
	if err != nil {
		return &api.Error{Code: api.CodeUsage, Message: err.Error()}
	}
	err = d.store.AdvanceCursor(ctx, advance.Name, id)
	if errors.Is(err, store.ErrNotFound) {
		return &api.Error{Code: api.CodeUsage, Subject: advance.Name, Message: fmt.Sprintf("no cursor %q has been used yet", advance.Name)}
	}
	return err
}

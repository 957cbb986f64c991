package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"peerd/wire"
)

// A Filter chooses messages of the history: not Hidden ones. Its zero value
// chooses all of them.
type Filter struct {
	Peer   *wire.Key    // only of the conversation with this peer, in no group
	Group  wire.GroupID // only of this group; zero = of any, and of none
	Unread bool         // only the peers' messages that the user has not read
	After  int64        // only those that arrived after the message with this Row
	Before int64        // only those that arrived before the message with this Row; 0 = no limit
	Limit  int          // at most so many, the first to arrive; 0 = no limit
	Newest bool         // with Limit: the last to arrive instead
}

// Messages returns the chosen messages in conversation order: as they arrived,
// but what one side of a conversation said in the order in which it was said.
// To go on where a call ended, take the highest Row it returned as After.
func (s *Store) Messages(ctx context.Context, filter Filter) ([]Message, error) {
	statement, args := filter.statement()
	messages, err := list(ctx, s, scanMessage, statement, args...)
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	if filter.Newest {
		slices.Reverse(messages)
	}
	inConversationOrder(messages)
	return messages, nil
}

// statement returns the query and its arguments.
func (f Filter) statement() (string, []any) {
	conditions, args := []string{"hidden = 0", "row_id > ?"}, []any{f.After}
	if f.Peer != nil {
		conditions, args = append(conditions, "peer = ? AND group_id = x''"), append(args, f.Peer[:])
	}
	if !f.Group.IsZero() {
		conditions, args = append(conditions, "group_id = ? AND group_id <> x''"), append(args, f.Group[:])
	}
	if f.Before > 0 {
		conditions, args = append(conditions, "row_id < ?"), append(args, f.Before)
	}
	if f.Unread {
		conditions = append(conditions, "state = 'unread'")
	}
	direction := "ASC"
	if f.Newest {
		direction = "DESC"
	}
	limit := -1 // SQLite's word for no limit
	if f.Limit > 0 {
		limit = f.Limit
	}
	return `SELECT ` + messageColumns + ` FROM message WHERE ` + strings.Join(conditions, " AND ") +
		` ORDER BY row_id ` + direction + ` LIMIT ?`, append(args, limit)
}

// Message returns the message with this id, or ErrNotFound. Ids are drawn by
// senders; should a peer have used one of ours, ours is returned.
func (s *Store) Message(ctx context.Context, id wire.MessageID) (Message, error) {
	message, err := first(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE id = ? ORDER BY outgoing DESC, row_id LIMIT 1`, id[:])
	if err != nil {
		return Message{}, fmt.Errorf("look up message: %w", err)
	}
	return message, nil
}

// ReceivedAs returns the messages of peers that have this id: one, unless somebody has
// used the id of another's.
func (s *Store) ReceivedAs(ctx context.Context, id wire.MessageID) ([]Message, error) {
	received, err := list(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE id = ? AND outgoing = 0 ORDER BY row_id`, id[:])
	if err != nil {
		return nil, fmt.Errorf("look up received messages: %w", err)
	}
	return received, nil
}

// Copies returns the copies of a message of ours, one for each recipient, in the
// order in which they were accepted: several in a group, none for an id that is
// no message of ours.
func (s *Store) Copies(ctx context.Context, id wire.MessageID) ([]Message, error) {
	copies, err := list(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE id = ? AND outgoing = 1 ORDER BY row_id`, id[:])
	if err != nil {
		return nil, fmt.Errorf("list copies of message: %w", err)
	}
	return copies, nil
}

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"peerd/wire"
)

// ErrAmbiguous means that several messages are called so.
var ErrAmbiguous = errors.New("several messages have an id like that")

const (
	// idLength is the length of a message id in its text form.
	idLength = 26
	// minReference is the least part of an id that names a message. With six
	// characters, 28 bits, two of a million messages are hardly ever called the same.
	minReference = 6
)

const candidatesStatement = `SELECT ` + messageColumns + ` FROM message WHERE hidden = 0 AND (
		row_id IN (SELECT row_id FROM message WHERE id BETWEEN ? AND ?) OR
		row_id IN (SELECT row_id FROM message WHERE substr(id, ?) = ?))
	ORDER BY outgoing DESC, row_id`

// FindMessage returns the shown message whose id begins or ends with reference,
// six of its characters or more. Without one the error is ErrNotFound, with
// several ErrAmbiguous. An id begins with the time, so that of two messages of the
// same minutes only the ends tell.
func (s *Store) FindMessage(ctx context.Context, reference string) (Message, error) {
	reference = strings.ToLower(reference)
	if id, err := wire.ParseMessageID(reference); err == nil {
		return s.Message(ctx, id)
	}
	lowest, highest, last, ok := referenceBounds(reference)
	if !ok {
		return Message{}, ErrNotFound
	}
	// The inner selections are answered by the index of ids alone.
	candidates, err := list(ctx, s, scanMessage, candidatesStatement, lowest[:], highest[:], -len(last), last)
	if err != nil {
		return Message{}, fmt.Errorf("find message: %w", err)
	}
	var found []Message
	for _, m := range candidates {
		id := m.ID.String()
		if !strings.HasPrefix(id, reference) && !strings.HasSuffix(id, reference) {
			continue
		}
		if len(found) > 0 && found[0].ID != m.ID {
			return Message{}, ErrAmbiguous
		}
		found = append(found, m)
	}
	if len(found) == 0 {
		return Message{}, ErrNotFound
	}
	return found[0], nil
}

// referenceBounds returns the lowest and the highest id that begin with reference,
// and the octets that ids which end with it have last, as far as whole ones
// follow from it.
func referenceBounds(reference string) (lowest, highest wire.MessageID, last []byte, ok bool) {
	missing := idLength - len(reference)
	if len(reference) < minReference || missing < 1 {
		return lowest, highest, nil, false
	}
	// In base32 a is the digit 0 and 7 the digit 31. The last digit of an id
	// has two bits that say nothing and are 0: it is 4 at most.
	lowest, err := wire.ParseMessageID(reference + strings.Repeat("a", missing))
	if err != nil {
		return lowest, highest, nil, false // no base32
	}
	highest, err = wire.ParseMessageID(reference + strings.Repeat("7", missing-1) + "4")
	if err != nil {
		return lowest, highest, nil, false
	}
	if end, err := wire.ParseMessageID(strings.Repeat("a", missing) + reference); err == nil {
		last = end[len(end)-(5*len(reference)-2)/8:]
	}
	return lowest, highest, last, true
}

// LastText returns the newest text of ours, or ErrNotFound.
func (s *Store) LastText(ctx context.Context) (Message, error) {
	m, err := first(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE outgoing = 1 AND hidden = 0 AND kind = ? ORDER BY row_id DESC LIMIT 1`, wire.KindText)
	if err != nil {
		return Message{}, fmt.Errorf("look up last text: %w", err)
	}
	return m, nil
}

package store

import (
	"context"
	"fmt"

	"peerd/wire"
)

// takeEdit is the effect of an edit on the text that it is of: one of the edit's
// own author, in the same conversation. The last edit in the author's order holds,
// whenever it arrives, and nothing brings back what was taken back.
func takeEdit(tx *transaction, m Message) error {
	edit, err := wire.ParseEdit([]byte(m.Payload))
	if err != nil {
		return nil // nobody can use it
	}
	if err := noteEdit(tx, m, edit.ID); err != nil {
		return err
	}
	if edit.Unsend {
		return tx.exec(`UPDATE message SET body = '', unsent_at = ?
			WHERE id = ? AND peer = ? AND outgoing = ? AND kind = ? AND unsent_at = 0`,
			toNanos(m.SentAt), edit.ID[:], m.Peer[:], m.Outgoing, wire.KindText)
	}
	return tx.exec(`UPDATE message SET body = ?1, edited_at = ?2
		WHERE id = ?3 AND peer = ?4 AND outgoing = ?5 AND kind = ?6 AND unsent_at = 0
		AND NOT EXISTS (SELECT * FROM message WHERE edit_of = ?3 AND edit_of <> x'' AND peer = ?4 AND outgoing = ?5 AND seq > ?7)`,
		edit.Body, toNanos(m.SentAt), edit.ID[:], m.Peer[:], m.Outgoing, wire.KindText, toSeq(m.Seq))
}

// noteEdit remembers what m is an edit of, and makes sure that no edit keeps a text
// that is no longer said: a peer's has done its work, and earlier ones of ours, of
// which some may still wait to be delivered, say what the last one says.
func noteEdit(tx *transaction, m Message, of wire.MessageID) error {
	payload := m.Payload
	if !m.Outgoing {
		payload = ""
	}
	err := tx.exec(`UPDATE message SET edit_of = ?, payload = ? WHERE row_id = ?`, of[:], octets([]byte(payload)), m.Row)
	if err != nil || !m.Outgoing {
		return err
	}
	return tx.exec(`UPDATE message SET payload = ?
		WHERE edit_of = ? AND edit_of <> x'' AND peer = ? AND outgoing = 1 AND seq < ?`,
		octets([]byte(payload)), of[:], m.Peer[:], toSeq(m.Seq))
}

// Received returns the message from peer with this id, or ErrNotFound.
func (s *Store) Received(ctx context.Context, peer wire.Key, id wire.MessageID) (Message, error) {
	m, err := first(ctx, s, scanMessage, `SELECT `+messageColumns+` FROM message
		WHERE id = ? AND peer = ? AND outgoing = 0`, id[:], peer[:])
	if err != nil {
		return Message{}, fmt.Errorf("look up received message: %w", err)
	}
	return m, nil
}

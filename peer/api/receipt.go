package api

import (
	"context"
	"net/http"
	"net/url"
)

// A Receipt says how far a message of ours has come on its way to one
// recipient. As an event it is news; events about one message may overtake each
// other, so whoever keeps a state keeps the furthest (State.Reached).
type Receipt struct {
	V     Version     `json:"v"`
	Type  receiptType `json:"type"`
	ID    string      `json:"id"` // of the message; the same for all members of a group
	To    string      `json:"to"`
	ToKey string      `json:"to_key"`
	Group string      `json:"group,omitzero"` // it was said in
	State State       `json:"state"`
	Path  Path        `json:"path"`        // it took; none while queued
	At    Time        `json:"at,omitzero"` // when it got into State, by this peer's clock; zero when that is not kept

	SentAt      Time `json:"sent_at"` // when it was accepted, by this peer's clock as the others
	DeliveredAt Time `json:"delivered_at,omitzero"`
	ReadAt      Time `json:"read_at,omitzero"`
}

// EventType implements [Event].
func (Receipt) EventType() EventType { return TypeReceipt }

func (h *handler) receipts(r *http.Request) ([]Receipt, error) {
	return h.backend.Receipts(r.Context(), r.PathValue("id"))
}

// Receipts is Backend.Receipts.
func (c *Client) Receipts(ctx context.Context, id string) ([]Receipt, error) {
	return list[Receipt](ctx, c, "/v1/messages/"+url.PathEscape(id)+"/receipts")
}

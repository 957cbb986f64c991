package api

import (
	"context"
	"net/http"
)

// EditRequest changes a text of ours with everybody it went to, or takes it back.
type EditRequest struct {
	// ID is the text's, a part of it that no other message has (its last or first
	// six characters or more), or "last": our newest.
	ID     string `json:"id"`
	Text   string `json:"text,omitzero"` // what it says from now on, as in a SendRequest; empty with Unsend
	Unsend bool   `json:"unsend,omitzero"`
}

// An Edit says that the author of a message has changed it or taken it back: a
// peer one of its messages, or we one of ours. The Message is as it is now.
type Edit struct {
	V    Version  `json:"v"`
	Type editType `json:"type"`
	Message
}

// EventType implements [Event].
func (Edit) EventType() EventType { return TypeEdit }

func (h *handler) edit(r *http.Request) (Message, error) {
	request, err := decode[EditRequest](r)
	if err != nil {
		return Message{}, err
	}
	if request.Unsend && request.Text != "" {
		return Message{}, usage("a message cannot be taken back and say something")
	}
	if !request.Unsend {
		if err := CheckText(request.Text); err != nil {
			return Message{}, err
		}
	}
	return h.backend.Edit(r.Context(), request)
}

// Edit is Backend.Edit.
func (c *Client) Edit(ctx context.Context, request EditRequest) (Message, error) {
	return call[Message](ctx, c, http.MethodPost, "/v1/edit", request)
}

package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// HistoryRequest asks for the newest Limit messages of a conversation. To page
// back, ask again with Before set to the first message of the page before; one
// that arrived out of its sender's order may be on both.
type HistoryRequest struct {
	With   string // a peer; empty means all conversations, those of groups too
	Before string // only messages before the one with this id; empty: to the newest
	Limit  int    // 1 to 1000
}

func (h *handler) history(r *http.Request) ([]Message, error) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > maxPage {
		return nil, usage("the limit must be a number from 1 to %d, not %q", maxPage, query.Get("limit"))
	}
	return h.backend.History(r.Context(), HistoryRequest{With: query.Get("with"), Before: query.Get("before"), Limit: limit})
}

// History is Backend.History.
func (c *Client) History(ctx context.Context, request HistoryRequest) ([]Message, error) {
	query := url.Values{"with": {request.With}, "before": {request.Before}, "limit": {strconv.Itoa(request.Limit)}}
	return list[Message](ctx, c, "/v1/history?"+query.Encode())
}

package api

import (
	"context"
	"net/http"
)

// OfferFile is Backend.OfferFile.
func (c *Client) OfferFile(ctx context.Context, request FileOffer) (Transfer, error) {
	return call[Transfer](ctx, c, http.MethodPost, "/v1/files", request)
}

// Transfers is Backend.Transfers.
func (c *Client) Transfers(ctx context.Context) ([]Transfer, error) {
	return list[Transfer](ctx, c, "/v1/files")
}

// DecideFile is Backend.DecideFile.
func (c *Client) DecideFile(ctx context.Context, decision FileDecision) (Transfer, error) {
	return call[Transfer](ctx, c, http.MethodPost, "/v1/files/decide", decision)
}

// FilePolicy is Backend.FilePolicy.
func (c *Client) FilePolicy(ctx context.Context, request FilePolicy) (FilePolicy, error) {
	return call[FilePolicy](ctx, c, http.MethodPost, "/v1/files/policy", request)
}

package api

import (
	"context"
	"net/http"
)

// Contacts is Backend.Contacts.
func (c *Client) Contacts(ctx context.Context) ([]Contact, error) {
	return list[Contact](ctx, c, "/v1/contacts")
}

// AddContact is Backend.AddContact.
func (c *Client) AddContact(ctx context.Context, request AddRequest) (Contact, error) {
	return call[Contact](ctx, c, http.MethodPost, "/v1/contacts/add", request)
}

// Verify is Backend.Verify.
func (c *Client) Verify(ctx context.Context, request VerifyRequest) (Verification, error) {
	return call[Verification](ctx, c, http.MethodPost, "/v1/contacts/verify", request)
}

// BlockContact is Backend.BlockContact.
func (c *Client) BlockContact(ctx context.Context, request BlockRequest) (Contact, error) {
	return call[Contact](ctx, c, http.MethodPost, "/v1/contacts/block", request)
}

// ReadReceipts is Backend.ReadReceipts.
func (c *Client) ReadReceipts(ctx context.Context) ([]ReadReceipts, error) {
	return list[ReadReceipts](ctx, c, "/v1/contacts/receipts")
}

// SetReadReceipts is Backend.SetReadReceipts.
func (c *Client) SetReadReceipts(ctx context.Context, request ReadReceiptsRequest) (ReadReceipts, error) {
	return call[ReadReceipts](ctx, c, http.MethodPost, "/v1/contacts/receipts", request)
}

// Trust is Backend.Trust.
func (c *Client) Trust(ctx context.Context, request TrustRequest) (Trusted, error) {
	return call[Trusted](ctx, c, http.MethodPost, "/v1/contacts/trust", request)
}

// RenameContact is Backend.RenameContact.
func (c *Client) RenameContact(ctx context.Context, request RenameRequest) (Contact, error) {
	return call[Contact](ctx, c, http.MethodPost, "/v1/contacts/rename", request)
}

// ForgetContact is Backend.ForgetContact.
func (c *Client) ForgetContact(ctx context.Context, request ForgetRequest) (Forgotten, error) {
	return call[Forgotten](ctx, c, http.MethodPost, "/v1/contacts/forget", request)
}

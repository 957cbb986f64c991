package api

import (
	"context"
	"net/http"
)

// Contacts is Backend.Contacts.
func (c *Client) Contacts(ctx context.Context) ([]Contact, error) {
	return list[Contact](ctx, c, "/v1/contacts")
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

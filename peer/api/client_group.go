package api

import (
	"context"
	"net/http"
)

// Groups is Backend.Groups.
func (c *Client) Groups(ctx context.Context) ([]Group, error) {
	return list[Group](ctx, c, "/v1/groups")
}

// CreateGroup is Backend.CreateGroup.
func (c *Client) CreateGroup(ctx context.Context, request GroupRequest) (Group, error) {
	return call[Group](ctx, c, http.MethodPost, "/v1/groups", request)
}

// AddToGroup is Backend.AddToGroup.
func (c *Client) AddToGroup(ctx context.Context, request GroupRequest) (Group, error) {
	return call[Group](ctx, c, http.MethodPost, "/v1/groups/add", request)
}

// LeaveGroup is Backend.LeaveGroup.
func (c *Client) LeaveGroup(ctx context.Context, request GroupRequest) (Group, error) {
	return call[Group](ctx, c, http.MethodPost, "/v1/groups/leave", request)
}

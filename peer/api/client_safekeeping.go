package api

import (
	"context"
	"io"
	"net/http"
)

// Backup is Backend.Backup. After an error what was written to w is no backup.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	response, err := c.do(ctx, http.MethodGet, "/v1/backup", nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(w, response.Body)
	return explain(ctx, err)
}

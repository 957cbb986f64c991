package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// Backup is Backend.Backup. After an error what was written to w is no backup.
func (c *Client) Backup(ctx context.Context, w io.Writer) error { return c.copy(ctx, "/v1/backup", w) }

// Export is Backend.Export: it writes one row a line to w. After an error rows are
// missing, and the last line may be broken.
func (c *Client) Export(ctx context.Context, peer string, w io.Writer) error {
	return c.copy(ctx, "/v1/export?"+url.Values{"peer": {peer}}.Encode(), w)
}

// Import is Backend.Import.
func (c *Client) Import(ctx context.Context, request ImportRequest) (Imported, error) {
	return call[Imported](ctx, c, http.MethodPost, "/v1/import", request)
}

// copy copies an answer to w as it comes.
func (c *Client) copy(ctx context.Context, target string, w io.Writer) error {
	response, err := c.do(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	out := &output{w: w}
	_, err = io.Copy(out, response.Body)
	if out.err != nil {
		return out.err
	}
	return explain(ctx, err)
}

// output is a writer that tells its own failures from those of whoever is copied.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(piece []byte) (n int, err error) {
	n, o.err = o.w.Write(piece)
	return n, o.err
}

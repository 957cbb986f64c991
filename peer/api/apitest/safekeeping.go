package apitest

import (
	"context"
	"io"
)

// Backup is Backend.Backup. Its content is of no use.
func (d *Daemon) Backup(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "backup\n")
	return err
}

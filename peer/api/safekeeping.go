package api

import (
	"context"
	"io"
)

// Safekeeping is the part of a [Backend] that makes copies of what it keeps.
type Safekeeping interface {
	// Backup writes a copy of the state directory to w, with the private key.
	// Everything goes on meanwhile.
	Backup(ctx context.Context, w io.Writer) error
}

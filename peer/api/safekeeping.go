package api

import (
	"context"
	"io"
	"iter"
)

// Safekeeping is the part of a [Backend] that makes copies of what it keeps.
type Safekeeping interface {
	// Backup writes a copy of the state directory to w, with the private key.
	// Everything goes on meanwhile.
	Backup(ctx context.Context, w io.Writer) error

	// Export yields the history, of all conversations or of that with one peer,
	// in the order in which it came, with everything that is stored of each
	// message. An error ends it.
	Export(ctx context.Context, peer string) iter.Seq2[Exported, error]

	// Import stores messages that were exported, all of them or none. It sends
	// nothing, and takes nothing away that is newer here.
	Import(ctx context.Context, request ImportRequest) (Imported, error)
}

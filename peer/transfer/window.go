package transfer

import "time"

const (
	minWindow = 2 * ChunkSize
	// maxWindow covers 2.5 Gbit/s over 100 ms. The sender holds none of it; larger
	// is more to be sent again when the connection breaks.
	maxWindow = 32 * ChunkSize
	// A chunk that comes quicker than growBelow after it was asked for could have
	// been asked for earlier. One slower than shrinkAbove waits behind others, and
	// at the end of the transfer one slow connection would be waited for.
	growBelow   = 400 * time.Millisecond
	shrinkAbove = time.Second
)

// A Window says how much one stream asks for ahead. The zero Window is ready.
type Window struct{ bytes int64 }

// Bytes returns how many bytes may have been asked for and not have come.
func (w *Window) Bytes() int64 { return max(w.bytes, minWindow) }

// Waited adjusts the window to how long a chunk took to come.
func (w *Window) Waited(d time.Duration) {
	switch {
	case d < growBelow:
		w.bytes = min(w.Bytes()+ChunkSize, maxWindow)
	case d > shrinkAbove:
		w.bytes = max(w.Bytes()-ChunkSize, minWindow)
	}
}

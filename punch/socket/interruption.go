package socket

import (
	"sync"
	"time"
)

// interruption wakes the reader from a blocked ReadBatch by moving the read
// deadline to the past, without losing the deadline quic-go sets when it
// closes.
type interruption struct {
	conn interface{ SetReadDeadline(time.Time) error }

	mu sync.Mutex
	// deadline is quic-go's; zero: none.
	deadline time.Time
	// raised is set until the reader has noticed.
	raised bool
}

// longAgo is a deadline that has passed whatever the clock says.
var longAgo = time.Unix(1, 0)

// raise makes the reader's current or next ReadBatch return at once.
func (i *interruption) raise() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.raised {
		return nil
	}
	i.raised = true
	return i.conn.SetReadDeadline(longAgo)
}

// clear restores quic-go's deadline. It reports whether the reader was woken by
// raise; if not, that deadline has passed.
func (i *interruption) clear() (bool, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.raised {
		return false, nil
	}
	i.raised = false
	return true, i.conn.SetReadDeadline(i.deadline)
}

// setDeadline sets quic-go's deadline.
func (i *interruption) setDeadline(t time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.deadline = t
	if i.raised {
		return nil
	}
	return i.conn.SetReadDeadline(t)
}

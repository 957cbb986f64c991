package rendezvous

import (
	"context"
	"time"

	"peerd/wire"
)

const (
	// pushDelay is how long a change of the roster waits for others to join it.
	// A login is still announced faster than anybody could notice.
	pushDelay = 2 * time.Millisecond
	// pushShare is added for every peer online: pushes then cost at most
	// 100,000 frames per second, so a thousand logins in a second are a hundred
	// pushes and not a million frames.
	pushShare = 10 * time.Microsecond
)

// rosterChanged wakes the pusher.
func (h *hub) rosterChanged() {
	select {
	case h.changed <- struct{}{}:
	default: // it is awake, or will be
	}
}

// pushRoster announces changes of the roster until ctx ends.
func (h *hub) pushRoster(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.changed:
		}
		h.mu.Lock()
		wait := pushDelay + time.Duration(len(h.online))*pushShare
		h.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		h.push()
	}
}

// push sends every peer what has changed since it was last told. Peers that
// hold the same version get the same bytes, encoded once.
func (h *hub) push() {
	h.mu.Lock()
	defer h.mu.Unlock()
	current := h.table.Version()
	news := map[uint64][]byte{}
	for _, c := range h.online {
		if c.rosterVersion == current {
			continue
		}
		frames, encoded := news[c.rosterVersion]
		if !encoded {
			frames = h.news(h.table.Epoch(), c.rosterVersion)
			news[c.rosterVersion] = frames
		}
		_ = c.sendFrames(frames)
		c.rosterVersion = current
		h.counters.rosterPushes.Add(1)
	}
}

// news returns the frames that bring a roster of the given epoch and version up
// to date. It is called with mu held.
func (h *hub) news(epoch, version uint64) []byte {
	var frames []byte
	for m := range h.table.Since(epoch, version).Messages() {
		longer, err := wire.AppendFrame(frames, m)
		if err != nil {
			h.log.Error().Err(err).Msg("encode the roster")
			return nil
		}
		frames = longer
	}
	return frames
}

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
	// pushShare is the pause after a push, for every peer it may have gone to:
	// pushes then cost at most 20,000 frames per second, a fraction of one core.
	// A thousand logins in a second are 20 pushes and not a million frames; the
	// first of them is still announced at once.
	pushShare = 50 * time.Microsecond
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
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.changed:
		}
		if !pause(ctx, pushDelay) {
			return
		}
		peers := h.push()
		if !pause(ctx, time.Duration(peers)*pushShare) {
			return
		}
	}
}

// pause reports whether ctx outlived it.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// push sends every peer what has changed since it was last told. Peers that
// hold the same version get the same bytes, encoded once. It returns how many
// peers are online.
func (h *hub) push() int {
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
	return len(h.online)
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

// wholeRosterLag is how many changes the encoded whole roster may lag behind.
// Encoding a row costs more than anything else in a login, so when n members
// come back at once it matters that they are not n² rows. A larger lag makes
// the rest that each newcomer is told extra longer: 64 is best at 2,000 members.
const wholeRosterLag = 64

// wholeRoster is a snapshot of the roster as frames, for everybody who comes
// without one. The zero wholeRoster is none.
type wholeRoster struct {
	version uint64
	frames  []byte
}

// rosterFor returns the frames, in pieces to be sent in order, that bring the
// roster of a Hello up to date: what has changed, else the whole roster and
// what has changed since it was encoded. It is called with mu held.
func (h *hub) rosterFor(epoch, version uint64) [2][]byte {
	if epoch == h.table.Epoch() && version != 0 {
		return [2][]byte{h.news(epoch, version)}
	}
	if h.whole.frames == nil || h.table.Version()-h.whole.version > wholeRosterLag {
		h.whole = wholeRoster{version: h.table.Version(), frames: h.news(0, 0)}
	}
	return [2][]byte{h.whole.frames, h.news(h.table.Epoch(), h.whole.version)}
}

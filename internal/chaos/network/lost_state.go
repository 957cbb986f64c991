//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"peerd/internal/stage"
)

// lostStateStories take from the rendezvous what it knows.
func lostStateStories() []Story {
	return []Story{{"the rendezvous loses its state file", "back <= 10 s under the same names", true, lostState}}
}

func lostState(ctx context.Context, h *Homes, _ Scale) (outcome, error) {
	forth, back := h.load(h.Alice, h.Bob), h.load(h.Bob, h.Alice)
	if err := errors.Join(forth.deliver(ctx, 10, 0), back.deliver(ctx, 10, 0)); err != nil {
		return outcome{}, err
	}
	h.Stage.KillRendezvous()
	if err := os.Remove(filepath.Join(h.Stage.Dir(), "rendezvous", "rendezvous.db")); err != nil {
		return outcome{}, fmt.Errorf("lose the state: %w", err)
	}
	if err := h.Stage.StartRendezvous(); err != nil {
		return outcome{}, err
	}
	start := time.Now()
	for _, p := range []*stage.Peer{h.Alice, h.Bob} {
		if _, err := awaitLogin(ctx, p, true); err != nil {
			return outcome{}, err
		}
	}
	if err := stage.Meet(h.Alice, h.Bob); err != nil {
		return outcome{}, err
	}
	resumed := time.Since(start)
	return within(10*time.Second, resumed), errors.Join(forth.deliver(ctx, 10, 0), back.deliver(ctx, 10, 0))
}

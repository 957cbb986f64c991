//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/internal/wrongclock"
)

// tenYears is how wrong clocks are.
const tenYears = 10 * 365 * 24 * time.Hour

const clockText = "no login lost; back <= 10 s after kill -9 of the rendezvous"

// clockStories set clocks while messages go both ways.
func clockStories() []Story {
	return []Story{
		{"peers' clocks are ten years ahead and behind", clockText, false, func(ctx context.Context, h *Homes, _ Scale) (outcome, error) {
			return wrongTimes(ctx, h, false, map[*natlab.Process]time.Duration{h.Alice.Process(): tenYears, h.Bob.Process(): -tenYears})
		}},
		{"peers' clocks are ten years ahead and behind, by relay", clockText, true, func(ctx context.Context, h *Homes, _ Scale) (outcome, error) {
			return wrongTimes(ctx, h, true, map[*natlab.Process]time.Duration{h.Alice.Process(): -tenYears, h.Bob.Process(): tenYears})
		}},
		{"the rendezvous' clock jumps by ten years, by relay", clockText, false, func(ctx context.Context, h *Homes, _ Scale) (outcome, error) {
			return wrongTimes(ctx, h, true, map[*natlab.Process]time.Duration{h.Stage.Rendezvous(): tenYears})
		}},
	}
}

// wrongTimes sets clocks wrong, the other way round, and right again, with messages
// all the time. Nobody may have to log in anew for that. Then the rendezvous is
// killed while they are wrong, so that peers log in with wrong clocks.
func wrongTimes(ctx context.Context, h *Homes, relay bool, wrong map[*natlab.Process]time.Duration) (outcome, error) {
	if relay {
		h.relayOnly()
	}
	forth, back := h.load(h.Alice, h.Bob), h.load(h.Bob, h.Alice)
	talk := func(rounds int) error {
		for range rounds {
			if err := errors.Join(forth.deliver(ctx, 1, 0), back.deliver(ctx, 1, 0)); err != nil {
				return err
			}
		}
		return nil
	}
	clocks := make(map[*natlab.Process]*wrongclock.Clock)
	for process := range wrong {
		clock, err := wrongclock.Of(process.PID())
		if err != nil {
			return outcome{}, err
		}
		clocks[process] = clock
	}
	set := func(factor time.Duration) (err error) {
		for process, ahead := range wrong {
			err = errors.Join(err, clocks[process].Set(factor*ahead))
		}
		return err
	}
	for _, factor := range []time.Duration{0, 1, -1, 0, 1} {
		if err := errors.Join(set(factor), talk(10)); err != nil {
			return outcome{}, err
		}
	}
	for _, p := range []*stage.Peer{h.Alice, h.Bob} {
		if n := logins(p); n != 1 {
			return outcome{}, fmt.Errorf("%s has logged in %d times, want once", p.Name, n)
		}
	}
	return restartRendezvous(ctx, h, talk)
}

// restartRendezvous kills the rendezvous, starts it again, and returns how long after
// that a message has gone either way.
func restartRendezvous(ctx context.Context, h *Homes, talk func(rounds int) error) (outcome, error) {
	h.Stage.KillRendezvous()
	start := time.Now()
	if err := h.Stage.StartRendezvous(); err != nil {
		return outcome{}, err
	}
	for _, p := range []*stage.Peer{h.Alice, h.Bob} {
		if _, err := awaitLogin(ctx, p, true); err != nil {
			return outcome{}, err
		}
	}
	if err := talk(1); err != nil {
		return outcome{}, err
	}
	return within(10*time.Second, time.Since(start)), talk(10)
}

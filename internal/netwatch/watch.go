package netwatch

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

// A Change is what happened to the host's network.
type Change uint8

const (
	// Rewired: addresses or default routes are others than before.
	Rewired Change = iota
	// Woken: the host, or this process, has not run for a while. Its network may
	// be the same, but those who talked to us may have given us up.
	Woken
)

// String returns "rewired" or "woken".
func (c Change) String() string {
	if c == Woken {
		return "woken"
	}
	return "rewired"
}

const (
	// settleTime is how long the system is given to finish what it has begun:
	// taking over a network is a dozen messages in a row. Longer delays the
	// recovery, shorter makes one move look like several.
	settleTime = 50 * time.Millisecond
	// clockInterval is how often the clocks are compared. It is how late waking
	// up is noticed; shorter would keep idle laptops awake.
	clockInterval = 2 * time.Second
	// sleepThreshold is how much time has to be missing for it to count as
	// sleep. A busy machine runs us late by less; routers and the rendezvous
	// forgive less than they forgive a longer absence.
	sleepThreshold = 8 * time.Second
)

// Watch calls changed for every change until ctx ends. It calls it from its own
// goroutine, one call at a time.
func Watch(ctx context.Context, logger zerolog.Logger, changed func(Change)) {
	hints := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		hint(ctx, logger, hints)
	}()
	watch(ctx, hints, Look, newClock(systemTimes()), changed)
	<-done
}

// watch looks at the network after hints, and at the clock all the time.
func watch(ctx context.Context, hints <-chan struct{}, look func() Network, clock *clock, changed func(Change)) {
	before := look()
	ticker := time.NewTicker(clockInterval)
	defer ticker.Stop()
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-hints:
			if settled == nil { // else a chatty kernel would put it off for ever
				settled = time.After(settleTime)
			}
		case <-settled:
			settled = nil
			if now := look(); !now.Equal(before) {
				before = now
				changed(Rewired)
			}
		case <-ticker.C:
			if clock.missing() >= sleepThreshold {
				before = look()
				changed(Woken)
			}
		}
	}
}

// notify leaves a hint, unless there is one.
func notify(hints chan<- struct{}) {
	select {
	case hints <- struct{}{}:
	default:
	}
}

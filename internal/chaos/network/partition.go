//go:build linux

package network

import (
	"context"
	"fmt"
	"time"
)

// What is promised of the end of a partition, however long it was: that its length
// does not matter is tested where the back-offs are (punch, peer).
const (
	firstBar = 65 * time.Second // until the first message is delivered
	restBar  = 60 * time.Second // from then until all are
)

// partitionStories cut homes off, and the rendezvous.
func partitionStories() (stories []Story) {
	for _, cut := range []struct {
		name     string
		cut      func(*Homes)
		heal     func(*Homes)
		relaying bool
		further  bool
	}{
		{"the sender's home", func(h *Homes) { h.AliceHome.SetDown() }, func(h *Homes) { h.AliceHome.SetUp() }, false, true},
		{"the recipient's home", func(h *Homes) { h.BobHome.SetDown() }, func(h *Homes) { h.BobHome.SetUp() }, false, false},
		{"the recipient's home, relayed to", func(h *Homes) { h.BobHome.SetDown() }, func(h *Homes) { h.BobHome.SetUp() }, true, true},
		{"the rendezvous of relayed peers", func(h *Homes) {
			link := vpsLink
			link.Down = true
			h.Stage.VPS.SetLink(link)
		}, func(h *Homes) { h.Stage.VPS.SetLink(vpsLink) }, true, true},
	} {
		stories = append(stories, Story{
			Name: "a partition cuts off " + cut.name,
			Bar:  "first <= 65 s after it, all <= 60 s later",

			Further: cut.further,
			play: func(ctx context.Context, h *Homes, scale Scale) (outcome, error) {
				if cut.relaying {
					h.relayOnly()
				}
				load := h.load(h.Alice, h.Bob)
				if err := load.deliver(ctx, 1, 0); err != nil {
					return outcome{}, err
				}
				cut.cut(h)
				end := time.Now().Add(scale.Outage)
				if err := load.send(ctx, scale.Queued, 0); err != nil {
					return outcome{}, err
				}
				time.Sleep(time.Until(end)) // the outage lasts
				cut.heal(h)
				return awaitQueue(ctx, load)
			},
		})
	}
	return stories
}

// awaitQueue measures how what is queued gets delivered from now on.
func awaitQueue(ctx context.Context, load *Load) (outcome, error) {
	start := time.Now()
	if err := load.awaitFirst(ctx); err != nil {
		return outcome{}, err
	}
	first := time.Since(start)
	if err := load.awaitAll(ctx); err != nil {
		return outcome{}, fmt.Errorf("first after %v: %w", first, err)
	}
	all := time.Since(start)
	return outcome{[]time.Duration{first, all}, first <= firstBar && all-first <= restBar}, nil
}

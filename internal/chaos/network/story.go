//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"peerd/internal/chaos"
	"peerd/internal/natlab"
)

// patience bounds a whole story. It is long because the machine may be busy; what
// is promised is measured.
const patience = 5 * time.Minute

// A Scale is how much a story does.
type Scale struct {
	Queued int           // messages that wait for the end of an outage
	Outage time.Duration // how long one lasts, and a suspension
}

// Full is the scale of what is promised.
var Full = Scale{Queued: 10_000, Outage: 45 * time.Second}

// A Story is something that happens to the homes.
type Story struct {
	Name string
	// Bar is what is promised, besides that no message is lost, repeated or out of
	// order.
	Bar string
	// Further stories differ little from others: they are for who has the time.
	Further bool
	// play does it, and returns what was measured.
	play func(context.Context, *Homes, Scale) (outcome, error)
}

// An outcome is what a story has measured: how long it took each time, and whether
// that was good enough.
type outcome struct {
	times []time.Duration
	met   bool
}

// within is the outcome of times that a bound is promised for.
func within(bound time.Duration, times ...time.Duration) outcome {
	return outcome{times, slices.Max(times) <= bound}
}

// Stories are all there are.
func Stories() []Story {
	return slices.Concat(lossStories(), partitionStories(), silenceStories(), clockStories(), lostStateStories())
}

// Play plays a story in a lab of its own. An error means that it could not be
// played to its end.
func (s Story) Play(binaries string, scale Scale) (row chaos.Row, err error) {
	dir, err := os.MkdirTemp("", "chaos-network-*")
	if err != nil {
		return row, fmt.Errorf("make temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lab, err := natlab.Open()
	if err != nil {
		return row, err
	}
	defer lab.Close()
	h, err := openHomes(lab, binaries, dir)
	if err != nil {
		return row, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	row = chaos.Row{Fault: s.Name, Injected: 1, Bar: s.Bar}
	done, err := s.play(ctx, h, scale)
	if err = errors.Join(err, lab.Err()); err != nil {
		return row, fmt.Errorf("%s: %w\n%w", s.Name, err, h.logs())
	}
	row.Resume = done.times
	for _, load := range h.loads {
		count, err := load.audit(ctx)
		if err != nil {
			return row, err
		}
		row.Count.Add(count)
	}
	row.Met = done.met && !row.Broken()
	return row, nil
}

// Faults are the stories as rows of "make chaos".
func Faults() (faults []chaos.Fault) {
	for _, story := range Stories() {
		faults = append(faults, chaos.Fault{Name: story.Name, Times: 1, Inject: func(lab *chaos.Lab) ([]chaos.Row, error) {
			row, err := story.repeat(lab)
			return []chaos.Row{row}, err
		}})
	}
	return faults
}

// repeat plays a story as often as the lab says, and adds up what came of it.
func (s Story) repeat(lab *chaos.Lab) (chaos.Row, error) {
	sum := chaos.Row{Fault: s.Name, Bar: s.Bar, Met: true}
	for range lab.Times {
		row, err := s.Play(lab.Binaries, Full)
		if err != nil {
			return sum, err
		}
		sum.Injected++
		sum.Count.Add(row.Count)
		sum.Resume = append(sum.Resume, row.Resume...)
		sum.Met = sum.Met && row.Met
	}
	return sum, nil
}

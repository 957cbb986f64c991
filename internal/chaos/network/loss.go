//go:build linux

package network

import (
	"context"
	"fmt"
	"time"

	"peerd/internal/natlab"
)

// lossBar is how long 200 messages of 1 KiB may take over spoilt links.
const lossBar = 30 * time.Second

// Links as bad as are promised to work.
var (
	lossy    = natlab.Link{Delay: homeLink.Delay, Loss: 0.3}
	shuffled = natlab.Link{Delay: homeLink.Delay, Reorder: 0.25, Duplicate: 0.1}
)

// lossStories spoil links from one moment to the next.
func lossStories() (stories []Story) {
	for _, way := range []struct {
		name  string
		relay bool
	}{{"direct", false}, {"by relay", true}} {
		for _, harm := range []struct {
			name       string
			alice, bob natlab.Link
			further    bool
		}{
			{"30 % loss both ways", lossy, homeLink, false},
			{"30 % loss both ways at either home", lossy, lossy, true},
			{"25 % reordering, 10 % duplication at either home", shuffled, shuffled, !way.relay},
		} {
			stories = append(stories, Story{
				Name: fmt.Sprintf("%s, %s", harm.name, way.name),
				Bar:  "200 x 1 KiB <= 30 s",

				Further: harm.further,
				play: func(ctx context.Context, h *Homes, _ Scale) (outcome, error) {
					if way.relay {
						h.relayOnly()
					}
					h.AliceHome.SetLink(harm.alice)
					h.BobHome.SetLink(harm.bob)
					start := time.Now()
					err := h.load(h.Alice, h.Bob).deliver(ctx, 200, 1024)
					return within(lossBar, time.Since(start)), err
				},
			})
		}
	}
	return stories
}

package netwatch

import (
	"context"
	"time"
)

// pollInterval is how often the network is looked at where the system does not
// tell. Looking takes a few system calls; more often notices a move earlier.
const pollInterval = 3 * time.Second

// poll leaves a hint every pollInterval, until ctx ends.
func poll(ctx context.Context, hints chan<- struct{}) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			notify(hints)
		}
	}
}

//go:build linux

package endtoend

import (
	"sync"
	"testing"
	"time"

	"peerd/internal/chaos/network"
)

// TestBadNetworksAndClocksCostNoMessage plays, in short, what "make chaos" does to
// networks and clocks. Whether that was quick enough is for "make chaos" to say.
func TestBadNetworksAndClocksCostNoMessage(t *testing.T) {
	t.Parallel()
	short := network.Scale{Queued: 1000, Outage: 27 * time.Second} // the rendezvous gives silent peers 25 s
	var stories sync.WaitGroup
	for _, story := range network.Stories() {
		if story.Further {
			continue
		}
		// All at once, as they hardly do anything but wait: parallel subtests would
		// take turns.
		stories.Go(func() {
			row, err := story.Play(binaries, short)
			if err != nil {
				t.Error(err)
				return
			}
			t.Logf("%s: %v, after %v (%s)", story.Name, row.Count, row.Resume, row.Bar)
			if row.Broken() || row.Delivered != row.Sent {
				t.Errorf("%s: %v", story.Name, row.Count)
			}
		})
	}
	stories.Wait()
}

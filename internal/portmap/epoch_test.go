package portmap

import (
	"testing"
	"time"
)

func TestEpochTellsARouterThatForgot(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		elapsed time.Duration
		before  uint32
		after   uint32
		lost    bool
	}{
		"same speed":                       {time.Hour, 100, 3700, false},
		"one second back by rounding":      {0, 100, 99, false},
		"restarted":                        {10 * time.Second, 100, 3, true},
		"restarted, and older than before": {time.Hour, 100, 1000, true},
		"clock a little slow":              {1600 * time.Second, 0, 1500, false},
		"clock much too slow":              {1600 * time.Second, 0, 1490, true},
		"clock a little fast":              {1500 * time.Second, 0, 1600, false},
		"clock much too fast":              {1500 * time.Second, 0, 1610, true},
		"clock at its end":                 {time.Second, 1<<32 - 1, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			var e epoch
			if e.observe(start, c.before) {
				t.Error("the first word of a router is a loss")
			}
			if got := e.observe(start.Add(c.elapsed), c.after); got != c.lost {
				t.Errorf("lost is %v, want %v", got, c.lost)
			}
		})
	}
}

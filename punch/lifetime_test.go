package punch

import (
	"testing"
	"time"
)

func TestLifetimeIsWhatWasSeenToLive(t *testing.T) {
	for _, test := range []struct {
		name           string
		lifetime, want time.Duration
	}{
		{"forgets at once", 10 * time.Second, 0},
		{"20 s", 20 * time.Second, 14 * time.Second},
		{"30 s, as Linux grants to what has no answer", 30 * time.Second, 28 * time.Second},
		{"a minute", time.Minute, 57 * time.Second},
		{"2 min, as Linux grants to the rest", 2 * time.Minute, 115 * time.Second},
		{"4 min", 4 * time.Minute, 172 * time.Second},
		{"hours", 2 * time.Hour, 285 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			var search LifetimeSearch
			tries := 0
			for idle, ok := search.Next(); ok; idle, ok = search.Next() {
				search = search.Tried(idle, idle <= test.lifetime)
				if tries++; tries > 3 {
					t.Fatalf("goes on and on: %+v", search)
				}
			}
			if search.Lived != test.want {
				t.Errorf("found %v, want %v", search.Lived, test.want)
			}
		})
	}
}

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
		{"20 s", 20 * time.Second, 15 * time.Second},
		{"just under 30 s, as many do", 30*time.Second - 1, 15 * time.Second},
		{"a minute and a bit", 65 * time.Second, time.Minute},
		{"2 min", 121 * time.Second, 2 * time.Minute},
		{"4 min", 4 * time.Minute, 3 * time.Minute},
		{"hours", 2 * time.Hour, 5 * time.Minute},
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

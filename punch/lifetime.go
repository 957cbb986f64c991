package punch

import "time"

// lifetimeSteps are the idle times after which a mapping is looked for. Linux
// forgets at 30 s and 120 s, RFC 4787 REQ-5 asks for 2 min and recommends 5; what
// lives longer than that saves no packet worth waiting for.
var lifetimeSteps = [...]time.Duration{
	15 * time.Second,
	30 * time.Second,
	60 * time.Second,
	120 * time.Second,
	180 * time.Second,
	300 * time.Second,
}

// LifetimeSearch finds out by bisection how long a NAT keeps a mapping that
// carries nothing. The zero LifetimeSearch knows nothing.
type LifetimeSearch struct {
	// Lived is the longest idle time that a mapping was seen to survive, and Died
	// the shortest that one was not, 0 for none.
	Lived, Died time.Duration
}

// Next returns the idle time to try next, the middle of those that are open;
// false when the search is over.
func (s LifetimeSearch) Next() (idle time.Duration, ok bool) {
	var open []time.Duration
	for _, step := range lifetimeSteps {
		if step > s.Lived && (s.Died == 0 || step < s.Died) {
			open = append(open, step)
		}
	}
	if len(open) == 0 {
		return 0, false
	}
	return open[len(open)/2], true
}

// Tried returns the search with what became of a mapping that was idle so long.
func (s LifetimeSearch) Tried(idle time.Duration, alive bool) LifetimeSearch {
	if alive {
		s.Lived = max(s.Lived, idle)
	} else if s.Died == 0 || idle < s.Died {
		s.Died = idle
	}
	return s
}

package punch

import "time"

// lifetimeSteps are the idle times after which a mapping is looked for, each a
// little below what routers usually have: Linux forgets at 30 s and 120 s, others
// at 60 s and 180 s, RFC 4787 REQ-5 recommends 5 min. What lives longer than that
// saves no packet worth waiting for. At the round numbers themselves a router of
// 120 s would count as one of 60 s.
var lifetimeSteps = [...]time.Duration{
	14 * time.Second,
	28 * time.Second,
	57 * time.Second,
	115 * time.Second,
	172 * time.Second,
	285 * time.Second,
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

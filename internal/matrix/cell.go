//go:build linux

package matrix

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"peerd/peer/api"
)

// A Cell is what was measured at one pair.
type Cell struct {
	Pair     string    `json:"pair"` // its name
	Meetings []Meeting `json:"meetings"`
}

// DirectShare returns which part of the meetings became direct.
func (c Cell) DirectShare() float64 {
	return float64(len(c.DirectTimes())) / float64(max(len(c.Meetings), 1))
}

// DirectTimes returns how long it took where it became direct, the fastest
// first.
func (c Cell) DirectTimes() Times {
	var times Times
	for _, m := range c.Meetings {
		if m.IsDirect() {
			times = append(times, time.Duration(m.Direct))
		}
	}
	slices.Sort(times)
	return times
}

// ArrivalTimes returns how long the first messages took, the fastest first.
func (c Cell) ArrivalTimes() Times {
	var times Times
	for _, m := range c.Meetings {
		times = append(times, time.Duration(m.Arrived))
	}
	slices.Sort(times)
	return times
}

// Flows returns how many flows the routers opened, the least first.
func (c Cell) Flows() []int {
	var flows []int
	for _, m := range c.Meetings {
		flows = append(flows, m.Flows)
	}
	slices.Sort(flows)
	return flows
}

// Transports names the transports of direct paths, such as "udp" or "tcp, udp".
func (c Cell) Transports() string {
	var all []string
	for _, m := range c.Meetings {
		if m.IsDirect() {
			all = append(all, string(m.Transport))
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// Reasons names why meetings stayed relayed, in the daemons' words.
func (c Cell) Reasons() string {
	var all []string
	for _, m := range c.Meetings {
		for _, reason := range m.Reasons {
			all = append(all, string(reason))
		}
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// Shortfalls says where the cell stays behind the bar, each as a few words.
func (c Cell) Shortfalls(bar Bar) (short []string) {
	missed := func(isMissed bool, format string, args ...any) {
		if isMissed {
			short = append(short, fmt.Sprintf(format, args...))
		}
	}
	times, flows := c.DirectTimes(), c.Flows()
	missed(c.DirectShare() < bar.Direct, "direct %.0f %%, want %.1f", 100*c.DirectShare(), 100*bar.Direct)
	missed(bar.Median > 0 && times.Median() > bar.Median, "median %v, want ≤ %v", times.Median(), bar.Median)
	missed(bar.Worst > 0 && times.Worst() > bar.Worst, "worst %v, want ≤ %v", times.Worst(), bar.Worst)
	missed(bar.Flows > 0 && flows[len(flows)-1] > bar.Flows, "%d flows, want ≤ %d", flows[len(flows)-1], bar.Flows)
	for _, m := range c.Meetings {
		short = append(short, m.shortfalls(bar)...)
	}
	arrival := c.ArrivalTimes().Median()
	missed(bar.Arrival > 0 && arrival > bar.Arrival, "first message after %v, want ≤ %v", arrival, bar.Arrival)
	slices.Sort(short)
	return slices.Compact(short)
}

// shortfalls says what must not be in any single meeting.
func (m Meeting) shortfalls(bar Bar) (short []string) {
	if m.IsDirect() {
		if bar.Transport != "" && m.Transport != bar.Transport {
			short = append(short, fmt.Sprintf("direct over %s, want %s", m.Transport, bar.Transport))
		}
		return short
	}
	for _, reason := range m.Reasons {
		if slices.Contains(untrue, reason) {
			short = append(short, fmt.Sprintf("relayed, and why says %s", reason))
		}
	}
	return short
}

// untrue are reasons that cannot be those of a meeting that was played to its
// end and stayed relayed.
var untrue = []api.Reason{
	"", api.ReasonDirect, api.ReasonRendezvousOffline, api.ReasonPeerOffline, api.ReasonNoTalk, api.ReasonPolicy,
}

// Times are durations, the shortest first.
type Times []time.Duration

// Median returns the middle one, of an even number the upper of the two; 0 if
// there are none.
func (t Times) Median() time.Duration { return t.quantile(0.5) }

// NinetyPercent returns what nine of ten do not exceed.
func (t Times) NinetyPercent() time.Duration { return t.quantile(0.9) }

// Worst returns the longest.
func (t Times) Worst() time.Duration { return t.quantile(1) }

func (t Times) quantile(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[min(int(share*float64(len(t))), len(t)-1)].Round(100 * time.Microsecond)
}

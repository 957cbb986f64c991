//go:build linux

package matrix

import (
	"slices"
	"testing"
	"time"

	"peerd/peer/api"
)

// direct is a good meeting over UDP.
func direct(after time.Duration) Meeting {
	return Meeting{Direct: api.Milliseconds(after), Transport: api.TransportUDP, Arrived: api.Milliseconds(50 * time.Millisecond)}
}

func relayed(reason api.Reason) Meeting {
	return Meeting{Reasons: []api.Reason{reason, reason}, Arrived: api.Milliseconds(50 * time.Millisecond)}
}

func TestWhatFallsShortIsNamed(t *testing.T) {
	late := direct(100 * time.Millisecond)
	late.Arrived = api.Milliseconds(70 * time.Millisecond)
	overTCP := direct(100 * time.Millisecond)
	overTCP.Transport = api.TransportTCP
	greedy := direct(100 * time.Millisecond)
	greedy.Flows = 1301
	for name, test := range map[string]struct {
		bar      Bar
		meetings []Meeting
		want     []string
	}{
		"all is well": {easyBar, []Meeting{direct(100 * time.Millisecond), direct(290 * time.Millisecond), direct(150 * time.Millisecond)}, nil},
		"one is too slow, and that is the worst": {easyBar,
			[]Meeting{direct(100 * time.Millisecond), direct(301 * time.Millisecond), direct(150 * time.Millisecond)},
			[]string{"worst 301ms, want ≤ 300ms"}},
		"half are too slow": {waryBar,
			[]Meeting{direct(100 * time.Millisecond), direct(251 * time.Millisecond)},
			[]string{"median 251ms, want ≤ 250ms"}},
		"one of two is relayed":                  {easyBar, []Meeting{direct(time.Millisecond), relayed(api.ReasonNoAnswer)}, []string{"direct 50 %, want 100.0"}},
		"relayed where nothing else is possible": {relayedBar, []Meeting{relayed(api.ReasonHardNATs)}, nil},
		"relayed, and not honest about it":       {relayedBar, []Meeting{relayed(api.ReasonDirect)}, []string{"relayed, and why says direct"}},
		"the message waits for something":        {easyBar, []Meeting{late}, []string{"first message after 70ms, want ≤ 65ms"}},
		"nothing is asked of the message":        {Bar{Direct: 1}, []Meeting{late}, nil},
		"TCP where UDP gets through":             {easyBar, []Meeting{overTCP}, []string{"direct over tcp, want udp"}},
		"too many flows":                         {randomBar, []Meeting{greedy}, []string{"1301 flows, want ≤ 1300"}},
		"direct where nothing is promised":       {openBar, []Meeting{overTCP}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Cell{Meetings: test.meetings}).Shortfalls(test.bar); !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestQuantilesAreMeasuredValues(t *testing.T) {
	var times Times
	for i := range 20 {
		times = append(times, time.Duration(i+1)*time.Millisecond)
	}
	for name, test := range map[string]struct{ got, want time.Duration }{
		"median":        {times.Median(), 11 * time.Millisecond},
		"90 %":          {times.NinetyPercent(), 19 * time.Millisecond},
		"worst":         {times.Worst(), 20 * time.Millisecond},
		"none measured": {Times(nil).Median(), 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
}

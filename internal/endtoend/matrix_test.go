//go:build linux

package endtoend

import (
	"slices"
	"strings"
	"testing"
	"time"

	"peerd/internal/matrix"
)

// eachKind is one pair of each kind that something is promised of, in groups
// that share a lab. "make matrix" plays all pairs, twenty times each, and looks
// at times; here nothing is said about times.
var eachKind = map[string][]string{
	"easy": {
		"masquerade × apdf", "eif × masquerade", "adf × eim-block", "masquerade × public", "public × public",
	},
	"home": {
		"same LAN", "same subnet at both homes", "carrier with hairpin", "carrier without hairpin",
	},
	"wary": {
		"input-accept × masquerade", "strike × apdf", "input-accept × strike", "masquerade × input-accept, clashed",
		"masquerade × masquerade, 20 % lost",
	},
	"sequential": {
		"seq-linux × masquerade", "input-accept × seq", "seq × strike", "seq-linux × seq-linux, busy", "seq × public",
	},
	"random": {
		"rand × masquerade", "strike × rand-linux", "adm × apdf", "rand × public", "rand × rand-linux",
	},
	"block": {
		"block-1024 × masquerade", "eif × block-512", "block-512 × block-512",
	},
	"no UDP": {
		"no-udp × masquerade", "no-udp × no-udp", "public × no-udp", "no-udp × rand",
	},
}

// attempts is how many times a pair may meet where chance decides. At 90 %, the
// least that a bar asks for, four fail once in ten thousand times.
const attempts = 4

// hangGuard is several times what the slowest of these meetings takes.
const hangGuard = 12 * time.Second

// TestMeetingsOfEachKind proves that a direct path is found wherever one is
// promised, over the transport that is promised, and that where there is none
// both peers say why.
func TestMeetingsOfEachKind(t *testing.T) {
	t.Parallel()
	theatre := &matrix.Theatre{Binaries: binaries, Logs: true}
	for group, names := range eachKind {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			pairs := pairsNamed(t, names)
			for attempt := 1; len(pairs) > 0; attempt++ {
				pairs = play(t, theatre, pairs, attempt == attempts)
			}
		})
	}
}

// play plays one meeting of each pair and returns those that chance was against,
// which are failures if it is the last attempt.
func play(t *testing.T, theatre *matrix.Theatre, pairs []matrix.Pair, last bool) (again []matrix.Pair) {
	t.Helper()
	meetings, err := theatre.Play(pairs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range meetings {
		pair := pairs[i]
		cell := matrix.Cell{Pair: pair.Name, Meetings: []matrix.Meeting{m}}
		short := cell.Shortfalls(pair.Bar)
		if len(short) == 0 {
			continue
		}
		if !m.IsDirect() && pair.Bar.Direct < 1 && !last {
			again = append(again, pair)
			continue
		}
		t.Errorf("%s: %s\n%+v\nalice:\n%s\nbob:\n%s", pair.Name, strings.Join(short, "; "), m.Why, m.Logs[0], m.Logs[1])
	}
	return again
}

// untimed is the bar without what a busy machine could miss.
func untimed(bar matrix.Bar) matrix.Bar {
	bar.Median, bar.Worst, bar.Arrival = 0, 0, 0
	if bar.Direct > 0 {
		bar.Within = hangGuard
	}
	return bar
}

func pairsNamed(t *testing.T, names []string) (pairs []matrix.Pair) {
	t.Helper()
	for _, pair := range matrix.Pairs() {
		if slices.Contains(names, pair.Name) {
			pair.Bar = untimed(pair.Bar)
			pairs = append(pairs, pair)
		}
	}
	if len(pairs) != len(names) {
		t.Fatalf("there are %d pairs of %d names: %q", len(pairs), len(names), names)
	}
	return pairs
}

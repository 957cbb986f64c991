package main

import (
	"slices"
	"testing"
	"time"

	"peerd/internal/exitcode"
	"peerd/peer/api"
)

func TestDurationsHaveThePrecisionPeopleRead(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"-":      0,
		"0.3ms":  300 * time.Microsecond,
		"7.5ms":  7512 * time.Microsecond,
		"18ms":   18204 * time.Microsecond,
		"999ms":  999 * time.Millisecond,
		"4.2s":   4200 * time.Millisecond,
		"120.0s": 2 * time.Minute,
	} {
		if got := duration(api.Milliseconds(d)); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestAgesAreInTheirLargestUnit(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s":  -time.Minute, // their clock is ahead of ours
		"59s": 59 * time.Second,
		"12m": 12*time.Minute + 30*time.Second,
		"47h": 47 * time.Hour,
		"2d":  49 * time.Hour,
	} {
		if got := age(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"Latin letters take one":       {"bob", 3},
		"Chinese characters take two":  {"小明", 4},
		"fullwidth forms take two":     {"Ａ", 2},
		"combining marks take none":    {"e\u0301", 1},
		"joiners take none":            {"\u0645\u06cc\u200c", 2},
		"nothing takes nothing":        {"", 0},
		"an arrow in a path takes one": {"→", 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := columns(c.text); got != c.want {
				t.Errorf("columns(%q) = %d, want %d", c.text, got, c.want)
			}
		})
	}
}

func TestColumnsAlignAlsoWithWideNames(t *testing.T) {
	var rows table
	rows.add("bob", "x")
	rows.add("小明", "y")
	rows.add("evil\x1b", "z")
	want := []string{"bob       x", "小明      y", `evil\x1b  z`}
	if got := rows.lines(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheWorstExitCodeWins(t *testing.T) {
	mild := []int{exitcode.OK, exitcode.NotReached, exitcode.NoSuchPeer, exitcode.Denied, exitcode.DaemonUnreachable}
	for i, a := range mild {
		for j, b := range mild {
			if got, want := worse(a, b), mild[max(i, j)]; got != want {
				t.Errorf("worse(%d, %d) = %d, want %d", a, b, got, want)
			}
		}
	}
	if got := worse(exitcode.Interrupted, exitcode.NotReached); got != exitcode.Interrupted {
		t.Errorf("an interrupt was hidden by %d", got)
	}
}

package narrate

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestEveryEventHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		n := New(&out)
		n.Title("A story of %d", 1)
		time.Sleep(1234 * time.Millisecond)
		n.Say("something happens")
		n.Note("because")
		n.Picture("\n  a -- b\n")
		want := "A story of 1\n" +
			"  1.23 s  something happens\n" +
			"            because\n" +
			"\n  a -- b\n\n"
		if out.String() != want {
			t.Errorf("narrated\n%s\nwant\n%s", out.String(), want)
		}
	})
}

func TestMilliseconds(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0.4 ms":    400 * time.Microsecond,
		"81.3 ms":   81_270 * time.Microsecond,
		"2000.0 ms": 2 * time.Second,
	} {
		if got := Milliseconds(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

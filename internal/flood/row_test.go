//go:build linux

package flood

import (
	"strings"
	"testing"
	"time"
)

// fine is a row that meets every bar.
func fine() Row {
	return Row{Attack: "an attack", Logins: report{Done: 100, Took: make([]time.Duration, 100)}}
}

func TestRowIsJudgedByEveryBar(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*Row)
		missed string // empty: nothing
	}{
		{"all is well", func(*Row) {}, ""},
		{"one login in a hundred may be slow", func(r *Row) { r.Logins.Took[0] = time.Minute }, ""},
		{"two may not", func(r *Row) { r.Logins.Took[0], r.Logins.Took[7] = time.Minute, time.Minute }, "p99"},
		{"a login failed", func(r *Row) { r.Logins.Failed, r.Logins.Note = 1, "refused" }, "1 logins failed: refused"},
		{"memory", func(r *Row) { r.Memory[1] = memoryBar + 1 }, "memory"},
		{"files that do not come back", func(r *Row) { r.Settled = settleBound + 1 }, "files"},
		{"a member was logged out", func(r *Row) { r.Lost = report{Failed: 1, Note: "EOF"} }, "1 members logged out: EOF"},
		{"a message came late", func(r *Row) { r.Message = messageBar + 1 }, "message"},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := fine()
			c.spoil(&row)
			row.judge()
			if row.Met() != (c.missed == "") || strings.Join(row.missed, "; ") != c.missed {
				t.Errorf("missed %q, want %q", row.missed, c.missed)
			}
			var table strings.Builder
			if err := PrintTable(&table, []Row{row}); err != nil || !strings.Contains(table.String(), row.verdict()) {
				t.Errorf("the table does not say %q: %v", row.verdict(), err)
			}
		})
	}
}

func TestQuantile(t *testing.T) {
	var r report
	for n := range 200 {
		r.Took = append(r.Took, time.Duration(200-n))
	}
	for share, want := range map[float64]time.Duration{0: 1, 0.5: 100, 0.99: 198, 1: 200} {
		if got := r.quantile(share); got != want {
			t.Errorf("%v of 200: %d, want %d", share, got, want)
		}
	}
	if got := (report{}).quantile(0.99); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
}

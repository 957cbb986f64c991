//go:build linux

package flood

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Bars: what honest people are promised under every attack.
const (
	// loginBar is how long 99 of 100 logins take at most.
	loginBar = 500 * time.Millisecond
	// memoryBar is what the rendezvous may hold. Its bounds in limits.go add up to
	// less; above, a VPS of 512 MB is in trouble.
	memoryBar = 384 << 20
	// messageBar is how soon a message of a peer that starts under attack is there.
	messageBar = 5 * time.Second
)

// A Row is what became of one attack.
type Row struct {
	Attack  string
	Floods  []string // what was really reached
	Logins  report
	Message time.Duration // from the start of a peerd to a delivered message
	Memory  [3]int64      // before, peak, after
	Files   [3]int
	Settled time.Duration // until the files were back
	// Sent and Answered are bytes at the attacker's interface, Pushed at the idle
	// members', for each of them and each second.
	Sent, Answered, Pushed uint64
	Lost                   report // idle members that were logged out
	missed                 []string
}

// Met reports whether all bars were met.
func (r *Row) Met() bool { return len(r.missed) == 0 }

// judge compares the row with the bars.
func (r *Row) judge() {
	bar := func(broken bool, format string, args ...any) {
		if broken {
			r.missed = append(r.missed, fmt.Sprintf(format, args...))
		}
	}
	bar(r.Logins.Failed > 0, "%d logins failed: %s", r.Logins.Failed, r.Logins.Note)
	bar(r.Logins.quantile(0.99) > loginBar, "p99")
	bar(r.Memory[1] > memoryBar, "memory")
	bar(r.Settled > settleBound, "files")
	bar(r.Lost.Failed > 0, "%d members logged out: %s", r.Lost.Failed, r.Lost.Note)
	bar(r.Message > messageBar, "message")
}

func (r *Row) verdict() string {
	if r.Met() {
		return "met"
	}
	return "MISSED: " + strings.Join(r.missed, "; ")
}

// quantile returns the time that a share of the logins did not exceed (nearest rank).
func (r report) quantile(share float64) time.Duration {
	if len(r.Took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.Took))
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}

// PrintTable prints the rows below a heading, and what they mean.
func PrintTable(w io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ATTACK\tREACHED\tLOGINS\tP50\tP99\tWORST\tFAILED\tPEERD UP, MESSAGE THERE\tMEMORY, MIB\tFILES\tBACK AFTER\tSENT\tANSWERED\tPUSHED\tBARS")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%d\t%s\t%d %d %d\t%d %d %d\t%s\t%s\t%s\t%s\t%s\n",
			r.Attack, strings.Join(r.Floods, ", "), r.Logins.Done, milliseconds(r.Logins.quantile(0.5)), milliseconds(r.Logins.quantile(0.99)),
			milliseconds(r.Logins.quantile(1)), r.Logins.Failed, milliseconds(r.Message),
			r.Memory[0]>>20, r.Memory[1]>>20, r.Memory[2]>>20, r.Files[0], r.Files[1], r.Files[2], milliseconds(r.Settled),
			megabytes(r.Sent), r.answeredTo(), bytesPerSecond(r.Pushed), r.verdict())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
Bars: logins p99 ≤ %v, none failed; memory ≤ %d MiB; files back within %v; no idle member logged out; a peerd that starts has a message there in %v.
MEMORY and FILES of the rendezvous: before, peak, after. SENT and ANSWERED at the attacker's interface, headers included; ANSWERED also for each byte sent.
PUSHED to each of %d idle members per second. Half of the logins come from addresses never seen before, all over 10 ms each way.
Everything runs on the %d cores of this machine: the attacker on one of them, which is not reserved for it; the victim and the honest on all.
`, loginBar, memoryBar>>20, settleBound, messageBar, idleMembers, runtime.NumCPU())
	return err
}

// answeredTo is what came back, and how much of it for each byte sent.
func (r *Row) answeredTo() string {
	if r.Sent == 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%.2f)", megabytes(r.Answered), float64(r.Answered)/float64(r.Sent))
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
func megabytes(n uint64) string           { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
func bytesPerSecond(n uint64) string      { return fmt.Sprintf("%d B/s", n) }

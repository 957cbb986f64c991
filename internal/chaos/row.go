package chaos

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// A Fault is something done to the programs, and what they promise of it.
type Fault struct {
	// Name is what it is asked for by.
	Name string
	// Times is how often "make chaos" does it: at each place, where there are several.
	Times int
	// Inject does it. An error means that it could not be played; a broken promise
	// is a row that is not Met.
	Inject func(*Lab) ([]Row, error)
}

// A Lab is what a fault is played with.
type Lab struct {
	Binaries string // directory of the programs, built with the tag failpoint
	Dir      string // an empty directory for their state
	Times    int    // how often to inject the fault
	// Progress says what is going on; it may take minutes.
	Progress func(format string, args ...any)
}

// A Row is one line of the table.
type Row struct {
	Fault    string
	Injected int // how often
	Count
	Resume []time.Duration // until delivery went on, each time
	Bar    string
	Met    bool
}

const (
	// resumeBar is how soon after the restart of a peer delivery goes on.
	resumeBar     = 5 * time.Second
	resumeBarText = "0 lost, 0 repeated, in order; ≤ 5 s"
	// rendezvousBar is how soon after the restart of the rendezvous all is as it was.
	rendezvousBar     = 10 * time.Second
	rendezvousBarText = "0 lost, 0 repeated, in order; ≤ 10 s"
)

// judge says whether the row keeps the promise, which is to resume within bound.
func (r *Row) judge(bound time.Duration) {
	r.Met = r.Injected > 0 && !r.Broken() && within(bound, r.Resume)
}

// sum makes one row of several.
func sum(fault string, bar time.Duration, rows []Row) Row {
	total := Row{Fault: fault}
	for _, r := range rows {
		total.Injected += r.Injected
		total.Add(r.Count)
		total.Resume = append(total.Resume, r.Resume...)
		total.Bar = r.Bar
	}
	total.judge(bar)
	return total
}

func (r Row) verdict() string {
	if r.Met {
		return "met"
	}
	return "MISSED"
}

// PrintTable prints the rows below a heading.
func PrintTable(w io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FAULT\tINJECTED\tSENT\tACKNOWLEDGED\tDELIVERED\tLOST\tREPEATED\tOUT OF ORDER\tRESUMED AFTER\tBAR\tMET?")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", r.Fault, r.Injected,
			r.Sent, r.Acknowledged, r.Delivered, r.Lost, r.Repeated, r.Disordered, resumedAfter(r.Resume), r.Bar, r.verdict())
	}
	return table.Flush()
}

// resumedAfter says how long delivery took to go on.
func resumedAfter(times []time.Duration) string {
	if len(times) == 0 {
		return "-"
	}
	sorted := slices.Sorted(slices.Values(times))
	return fmt.Sprintf("median %s, worst %s", seconds(sorted[len(sorted)/2]), seconds(sorted[len(sorted)-1]))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// within reports whether all of the times are within a bound.
func within(bound time.Duration, times []time.Duration) bool {
	return len(times) == 0 || slices.Max(times) <= bound
}

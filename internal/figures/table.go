//go:build linux

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// A row is one line of the table.
type row struct {
	figure   string
	measured string
	bound    string // empty: said for comparison only
	met      bool
	others   string // what other systems reach
}

func (r row) verdict() string {
	switch {
	case r.bound == "":
		return ""
	case r.met:
		return "met"
	default:
		return "MISSED"
	}
}

func printTable(w io.Writer, rows []row) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FIGURE\tMEASURED\tBOUND\tMET?\tOTHERS")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.figure, r.measured, r.bound, r.verdict(), r.others)
	}
	_ = table.Flush()
}

//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
)

// A figure is something we promise, and how to measure it.
type figure struct {
	name    string
	measure func(*bench) ([]row, error)
}

// figures are all of them, in the order of the table.
var figures = [...]figure{
	{"cold", measureCold},
	{"direct", measureDirect},
	{"login", measureLogin},
	{"bulk", measureBulk},
	{"files", measureFiles},
	{"relayed", measureRelayed},
	{"delivery", measureDelivery},
	{"history", measureHistory},
	{"idle", measureIdle},
	{"reconnects", measureReconnects},
	{"logins", measureLogins},
}

func names() string {
	var all []string
	for _, f := range figures {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

func isFigure(name string) bool {
	for _, f := range figures {
		if f.name == name {
			return true
		}
	}
	return false
}

// bench is one run of the program. What several figures are read off is
// measured once.
type bench struct {
	binaries string
	runs     int

	meetings    []meeting
	throughputs *throughputs
}

// progress says what is being done: the whole takes minutes.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

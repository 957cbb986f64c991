//go:build linux

// Command run does to the real programs what must not cost a message, and prints
// what became of every message:
//
//	run [-only REGEXP] [-times N]
//
// It builds the programs with failpoints, and plays each fault with a rendezvous
// and peers of its own. The exit code is 1 when a promise was broken or a fault
// could not be played.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"peerd/internal/chaos"
	"peerd/internal/chaos/network"
)

func main() { os.Exit(chaos.Enter(func() int { return run(os.Args[1:]) })) }

// run plays what the arguments ask for and returns the exit code.
func run(args []string) int {
	only, times, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	rows, err := play(only, times)
	err = errors.Join(err, chaos.PrintTable(os.Stdout, rows))
	for _, row := range rows {
		if !row.Met {
			err = errors.Join(err, fmt.Errorf("%s: %s was not met", row.Fault, row.Bar))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

func parse(args []string) (only *regexp.Regexp, times int, err error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	pattern := flags.String("only", "", "play the faults whose names match this `regexp`")
	flags.IntVar(&times, "times", 0, "inject each fault so often, instead of as often as it deserves")
	if err := flags.Parse(args); err != nil {
		return nil, 0, err
	}
	if flags.NArg() > 0 || times < 0 {
		return nil, 0, errors.New("usage: run [-only REGEXP] [-times N]")
	}
	only, err = regexp.Compile(*pattern)
	return only, times, err
}

// play plays the faults, one after the other.
func play(only *regexp.Regexp, times int) (rows []chaos.Row, err error) {
	dir, err := os.MkdirTemp("", "chaos-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binaries := filepath.Join(dir, "bin")
	if err := chaos.Build(binaries); err != nil {
		return nil, err
	}
	for i, fault := range slices.Concat(chaos.Faults(), network.Faults()) {
		if !only.MatchString(fault.Name) {
			continue
		}
		lab := &chaos.Lab{Binaries: binaries, Dir: filepath.Join(dir, fmt.Sprint(i)), Times: fault.Times, Progress: progress}
		if times > 0 {
			lab.Times = times
		}
		if err := os.Mkdir(lab.Dir, 0o700); err != nil {
			return rows, err
		}
		began := time.Now()
		played, failed := fault.Inject(lab)
		progress("%s: %v", fault.Name, time.Since(began).Round(time.Second))
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("play %s: %w", fault.Name, failed))
		}
		rows = append(rows, played...)
	}
	return rows, err
}

// progress says what is going on.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

//go:build linux

// Command run attacks the real rendezvous and prints what honest peers noticed:
//
//	run [-only REGEXP] [-for DURATION] DIRECTORY-OF-BINARIES
//
// The exit code is 1 when a bar was missed or an attack could not be played.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"peerd/internal/flood"
	"peerd/internal/natlab"
)

func main() {
	if code, asked := flood.PlayPart(os.Args[1:]); asked {
		os.Exit(code)
	}
	code, err := natlab.Enter(func() int { return run(os.Args[1:]) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = 1
	}
	os.Exit(code)
}

// options are what the command line asks for.
type options struct {
	only     *regexp.Regexp
	measure  time.Duration
	binaries string
}

// run plays what the arguments ask for and returns the exit code.
func run(args []string) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	rows, err := play(o)
	err = errors.Join(err, flood.PrintTable(os.Stdout, rows))
	for _, row := range rows {
		if !row.Met() {
			err = errors.Join(err, fmt.Errorf("%s: a bar was missed", row.Attack))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	pattern := flags.String("only", "", "play the attacks whose names match this `regexp`")
	flags.DurationVar(&o.measure, "for", 15*time.Second, "how long to measure under each attack")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() != 1 || o.measure <= 0 {
		return o, errors.New("usage: run [-only REGEXP] [-for DURATION] DIRECTORY-OF-BINARIES")
	}
	if o.only, err = regexp.Compile(*pattern); err != nil {
		return o, err
	}
	o.binaries, err = filepath.Abs(flags.Arg(0))
	return o, err
}

// play builds the scene and plays the attacks on it.
func play(o options) (rows []flood.Row, err error) {
	dir, err := os.MkdirTemp("", "flood-*")
	if err != nil {
		return nil, fmt.Errorf("make temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lab, err := natlab.Open(natlab.IPv6())
	if err != nil {
		return nil, err
	}
	defer lab.Close()
	scene, err := flood.New(lab, o.binaries, dir)
	if err != nil {
		return nil, err
	}
	scene.For, scene.Progress = o.measure, progress
	return scene.Play(o.only.MatchString)
}

// progress says what is going on.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

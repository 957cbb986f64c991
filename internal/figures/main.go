//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"peerd/internal/natlab"
)

func main() {
	if name, args, ok := childRole(os.Args[1:]); ok {
		os.Exit(runChild(name, args))
	}
	code, err := natlab.Enter(func() int { return run(os.Args[1:]) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = 1
	}
	os.Exit(code)
}

// run measures what the arguments ask for and returns the exit code.
func run(args []string) int {
	b, only, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	code := 0
	var rows []row
	for _, f := range figures {
		if only != "" && only != f.name {
			continue
		}
		measured, err := f.measure(b)
		if err != nil {
			fmt.Fprintf(os.Stderr, "error: measure %s: %v\n", f.name, err)
			code = 1
		}
		rows = append(rows, measured...)
	}
	printTable(os.Stdout, rows)
	return code
}

func parse(args []string) (_ *bench, only string, err error) {
	b := new(bench)
	flags := flag.NewFlagSet("figures", flag.ContinueOnError)
	flags.IntVar(&b.runs, "runs", 20, "how many fresh pairs of peers the times are measured with")
	flags.StringVar(&only, "only", "", "measure one `figure`: "+names())
	if err := flags.Parse(args); err != nil {
		return nil, "", err
	}
	if flags.NArg() != 1 || b.runs < 1 {
		return nil, "", errors.New("usage: figures [-runs N] [-only NAME] DIRECTORY-OF-BINARIES")
	}
	if only != "" && !isFigure(only) {
		return nil, "", fmt.Errorf("no figure is called %q; there are %s", only, names())
	}
	b.binaries, err = filepath.Abs(flags.Arg(0))
	return b, only, err
}

//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"peerd/internal/matrix"
	"peerd/internal/natlab"
)

func main() {
	code, err := natlab.Enter(func() int { return run(os.Args[1:]) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		code = 1
	}
	os.Exit(code)
}

// options are the command line.
type options struct {
	runs     int
	cells    *regexp.Regexp
	parallel int
	keep     string
	write    string
	logs     string
	binaries string
}

// run measures what the arguments ask for and returns the exit code.
func run(args []string) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	short, err := measure(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	if short > 0 {
		return 1
	}
	return 0
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.IntVar(&o.runs, "runs", 20, "how many meetings are played in each cell; 0 only judges what is kept")
	flags.IntVar(&o.parallel, "parallel", 2, "how many cells are measured at a time")
	flags.StringVar(&o.keep, "keep", "", "`file` of JSON lines where results are kept from run to run")
	flags.StringVar(&o.write, "write", "", "`document` whose tables are regenerated")
	flags.StringVar(&o.logs, "logs", "", "`directory` for a file of debug logs of each meeting")
	flags.Func("cells", "measure only cells whose name matches, such as '^strike × '", func(text string) (err error) {
		o.cells, err = regexp.Compile(text)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() != 1 || o.runs < 0 || o.parallel < 1 {
		return o, errors.New("usage: measure [-runs N] [-cells REGEXP] [-parallel N] [-keep FILE] [-write FILE] [-logs DIR] DIRECTORY-OF-BINARIES")
	}
	if o.runs > 0 && len(o.pairs()) == 0 {
		return o, fmt.Errorf("no cell's name matches %q: there are %q and others", o.cells, matrix.Pairs()[0].Name)
	}
	o.binaries, err = filepath.Abs(flags.Arg(0))
	return o, err
}

// pairs are those to be measured.
func (o options) pairs() (chosen []matrix.Pair) {
	for _, pair := range matrix.Pairs() {
		if o.cells == nil || o.cells.MatchString(pair.Name) {
			chosen = append(chosen, pair)
		}
	}
	return chosen
}

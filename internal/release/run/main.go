// Command run makes a release of the commit that is checked out:
//
//	run [-out DIR] [-key FILE] OS/ARCH...
//
// See package release.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"peerd/internal/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run makes the release and returns the exit code.
func run(ctx context.Context, args []string) int {
	opts, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	if err := release.Make(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}

func parse(args []string) (release.Options, error) {
	opts := release.Options{Source: ".", Environ: os.Environ(), Log: os.Stdout}
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.StringVar(&opts.Out, "out", "dist", "`directory` to put the release into")
	flags.StringVar(&opts.Key, "key", "", "SSH key `file` to sign the checksums with")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	for _, arg := range flags.Args() {
		target, err := release.ParseTarget(arg)
		if err != nil {
			return opts, err
		}
		opts.Targets = append(opts.Targets, target)
	}
	if len(opts.Targets) == 0 {
		return opts, errors.New("say what to build for: run [-out DIR] [-key FILE] OS/ARCH [OS/ARCH...]")
	}
	return opts, nil
}

// Command demo plays the main job of peerd to a person at a terminal, with the
// built programs and real timings: two homes, their routers, a VPS; a first
// message that waits for nothing, a direct path, a message for somebody who is
// away, and a rendezvous that dies without being missed. It serves "make demo":
//
//	demo [-loopback] DIR      DIR holds rendezvous, peerd and peerctl
//
// The homes are network namespaces of package natlab. Where those are not
// allowed it says why and runs "peerd demo" on loopback instead. The exit code
// is 0 only if a message was delivered over a direct path; nothing is left
// behind, also after an interruption.
//
// It is a story, not a test and not a benchmark: those are internal/endtoend
// and internal/figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"peerd/internal/exitcode"
	"peerd/internal/narrate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, enterLab))
}

// errNoLab is wrapped by an error that says why there can be no lab here.
var errNoLab = errors.New("no network lab")

// enter calls program where it may make a lab, which can be another process,
// and returns its exit code. It returns errNoLab where there is no such place.
type enter func(program func() int) (exitCode int, err error)

// run plays the demonstration and returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer, enter enter) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(errOut)
	loopback := flags.Bool("loopback", false, "do not try to make a network lab")
	if err := flags.Parse(args); err != nil {
		return exitcode.Usage
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(errOut, "error: say where the built programs are: demo DIR (make build puts them in bin)")
		return exitcode.Usage
	}
	binaries, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return report(ctx, errOut, err)
	}
	if *loopback {
		return report(ctx, errOut, onLoopback(ctx, binaries, "-loopback asks for it", out, errOut))
	}
	code, err := enter(func() int {
		return report(ctx, errOut, inLab(ctx, binaries, narrate.New(out)))
	})
	if errors.Is(err, errNoLab) {
		return report(ctx, errOut, onLoopback(ctx, binaries, err.Error(), out, errOut))
	}
	if err != nil {
		return report(ctx, errOut, err)
	}
	return code
}

// report says what went wrong and returns the exit code for it.
func report(ctx context.Context, errOut io.Writer, err error) int {
	switch {
	case err == nil:
		return exitcode.OK
	case ctx.Err() != nil:
		fmt.Fprintln(errOut, "interrupted; nothing is left behind")
		return exitcode.Interrupted
	}
	fmt.Fprintf(errOut, "error: the demonstration failed: %v\n", err)
	return exitcode.Other
}

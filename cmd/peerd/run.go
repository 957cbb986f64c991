package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/internal/version"
)

// stdio is where a command reads and writes: results on out, talk on err.
type stdio struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, io stdio) int {
	command := newRoot(io)
	command.SetArgs(args)
	ran, err := command.ExecuteContextC(ctx)
	if err != nil {
		// Some of it may be the rendezvous' words.
		fmt.Fprintf(io.err, "error: %s\n", printable.Text(err.Error(), "  "))
		if hint := hintFor(err, ran.CommandPath()); hint != "" {
			fmt.Fprintf(io.err, "hint: %s\n", printable.Line(hint))
		}
	}
	return exitCodeOf(err)
}

func newRoot(io stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "peerd",
		Short:         "Talk directly to the peers of your circle, through any home router",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		Version:       version.Running().Version,
		RunE: func(*cobra.Command, []string) error {
			return exitcode.With(exitcode.Usage, errors.New("say what to do: peerd run, or peerd demo"))
		},
	}
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return exitcode.With(exitcode.Usage, err)
	})
	root.AddCommand(newRun(io), newBackup(io), newRestore(io), newDemo(io), newVersion(io))
	return root
}

// noArgs refuses arguments as a wrong command line.
func noArgs(command *cobra.Command, args []string) error {
	return exitcode.With(exitcode.Usage, cobra.NoArgs(command, args))
}

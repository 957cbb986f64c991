package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/internal/statedir"
	"peerd/internal/version"
)

// stdio is where a command writes: results on out, talk on err. Errors are one
// line that begins with "error: ", and a second one, "hint: ", with what to do.
type stdio struct {
	out io.Writer
	err io.Writer
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, io stdio) int {
	root := newRoot(io)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintf(io.err, "error: %s\n", printable.Text(err.Error(), "  "))
		if hint := hintFor(err); hint != "" {
			fmt.Fprintf(io.err, "hint: %s\n", printable.Line(hint))
		}
	}
	return exitCodeOf(err)
}

func newRoot(io stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "rendezvous",
		Short:         "Introduce the peers of a circle to each other, from a public address",
		Version:       version.Running().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return usageError(errors.New("say what to do: rendezvous run, invite, peers, kick, ban, unban or status"))
		},
	}
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err) })
	root.AddCommand(newRun(io), newInvite(io), newPeers(io), newKick(io), newBan(io), newUnban(io), newStatus(io), newVersion(io))
	return root
}

// usageError marks a wrong command line.
func usageError(err error) error { return exitcode.With(exitcode.Usage, err) }

// usageArgs marks what check says about the arguments as a wrong command line.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		return usageError(check(command, args))
	}
}

// exitCodeOf adds one rule to exitcode's: a refused permission is a denial.
func exitCodeOf(err error) int {
	code := exitcode.Of(err)
	if code == exitcode.Other && errors.Is(err, fs.ErrPermission) {
		return exitcode.Denied
	}
	return code
}

// hintFor returns the next step after an error, or nothing.
func hintFor(err error) string {
	if hinted, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return hinted.Hint()
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "run as the user who owns the state directory, or choose another with --state"
	case exitcode.Of(err) == exitcode.Usage:
		return "see: rendezvous --help"
	}
	return ""
}

// addState adds the --state flag.
func addState(command *cobra.Command, dir *string) {
	command.Flags().StringVar(dir, "state", "", "state `directory` (default: where the system keeps such things)")
}

// stateDir returns the chosen state directory, or the default one.
func stateDir(chosen string) (string, error) {
	if chosen != "" {
		return chosen, nil
	}
	return statedir.Default("rendezvous")
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/peer/api"
)

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, io stdio) int {
	a := &app{stdio: io, text: localeTexts()}
	root := a.rootCommand()
	root.SetArgs(endOfOptions(args))
	return a.finish(ctx, root.ExecuteContext(ctx))
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "peerctl",
		Short: "Talk to your peers, directly and encrypted, through the local peerd",
		Long: `Talk to your peers, directly and encrypted, through the local peerd.

Exit codes: 0 ok, 1 other, 2 usage, 3 daemon unreachable, 4 denied or key changed,
5 no such peer, 6 wanted state not reached yet (still queued, nothing lost),
7 only relayed, 8 declined, 130 interrupted.`,
		Args:          usageArgs(knownCommand),
		RunE:          func(root *cobra.Command, _ []string) error { return root.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.timeout <= 0 {
				return usage(errors.New("--timeout must be longer than nothing"))
			}
			return nil
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(usageOf)
	flags := root.PersistentFlags()
	flags.StringVar(&a.socket, "socket", "", "control `PATH` of the daemon (default $PEERD_SOCKET, else in its state directory)")
	flags.BoolVar(&a.json, "json", false, "print one JSON object per line")
	flags.DurationVar(&a.timeout, "timeout", 10*time.Second, "how long to wait for what is wanted")
	flags.Var(&languageFlag{a}, "lang", "language of texts: en or zh (default from the locale)")
	root.AddCommand(
		a.statusCommand(), a.whoamiCommand(), a.peersCommand(), a.waitCommand(),
		a.sendCommand(), a.readCommand(), a.historyCommand(), a.searchCommand(), a.watchCommand(), a.chatCommand(), a.notifyCommand(),
		a.editCommand(), a.unsendCommand(), a.receiptsCommand(),
		a.contactCommand(), a.fileCommand(), a.groupCommand(), a.exportCommand(), a.importCommand(),
		a.introduceCommand(), a.pingCommand(), a.netcheckCommand(), a.whyCommand(), a.versionCommand(),
	)
	return root
}

func knownCommand(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown command %q", args[0])
	}
	return nil
}

// usage marks err as a mistake in the command line.
func usage(err error) error {
	return &api.Error{Code: api.CodeUsage, Message: err.Error(), Hint: "peerctl --help"}
}

// usageOf is usage for a mistake that the help of one command explains.
func usageOf(command *cobra.Command, err error) error {
	return &api.Error{Code: api.CodeUsage, Message: err.Error(), Hint: command.CommandPath() + " --help"}
}

// usageArgs is validate, its errors marked as usage.
func usageArgs(validate cobra.PositionalArgs) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if err := validate(command, args); err != nil {
			return usageOf(command, err)
		}
		return nil
	}
}

// action is what a command does with the daemon.
type action func(ctx context.Context, client *api.Client, args []string) error

// with runs act with a client of the daemon, for cobra.
func (a *app) with(act action) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		client, err := a.dial()
		if err != nil {
			return err
		}
		defer client.Close()
		return act(command.Context(), client, args)
	}
}

// worse returns whichever exit code says more about what went wrong: trouble
// with all of it before trouble with one peer, failure before delay.
func worse(a, b int) int {
	order := []int{
		exitcode.OK, exitcode.OnlyRelayed, exitcode.NotReached, exitcode.Declined, exitcode.NoSuchPeer,
		exitcode.Denied, exitcode.Usage, exitcode.Other, exitcode.DaemonUnreachable,
	}
	for _, code := range order {
		if code == a {
			return b
		}
		if code == b {
			return a
		}
	}
	return a
}

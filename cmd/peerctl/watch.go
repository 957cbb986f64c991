package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) watchCommand() *cobra.Command {
	var names []string
	var count int
	var exec execFlags
	command := &cobra.Command{
		Use:   "watch [--exec COMMAND [ARG...]]",
		Short: "Show messages, logins, logouts, path changes and files as they happen",
		Long: `Show messages, logins, logouts, path changes and files as they happen. Nothing is
marked read. What happened before is not shown; for messages see peerctl read.

With --exec a COMMAND is run for each event instead: directly, never through a shell,
one at a time, with the event as one line of JSON on stdin. Everything behind the
COMMAND is its arguments, so --exec comes last. It gets the usual variables of the
environment (PATH, HOME, LANG and the like); name others with --env.

Each message comes at least once. A cursor, kept by the daemon, passes a message when
the COMMAND has exited with 0. Until then the message comes again, after 1s, 2s and so on
up to a minute, and also after a crash or a restart; what arrived while no watch ran
comes first. A new cursor begins now. Other events have no history: they come once, from
now on. Ctrl-C waits until the COMMAND that runs has ended.`,
		Example: `  peerctl watch --type presence
  peerctl watch --type message --exec notify.sh
  peerctl watch --type message --cursor tickets --exec ./file-ticket --queue inbox`,
		Args: usageArgs(func(command *cobra.Command, args []string) error {
			if command.Flags().Changed("exec") {
				return nil
			}
			return cobra.NoArgs(command, args)
		}),
	}
	command.Flags().StringSliceVar(&names, "type", nil, "only events of these `TYPES`: message, presence, path, file, group, sent, receipt, edit")
	command.Flags().IntVar(&count, "count", 0, "exit after this `NUMBER` of events")
	exec.register(command)
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		if count < 0 || (count == 0 && command.Flags().Changed("count")) {
			return usage(errors.New("--count must be at least 1"))
		}
		types, err := eventTypes(names)
		if err != nil {
			return err
		}
		if err := exec.check(command); err != nil {
			return err
		}
		if command.Flags().Changed("exec") {
			return a.watchExec(ctx, client, exec, types, args, count)
		}
		return a.watch(ctx, client, types, count)
	})
	return command
}

func eventTypes(names []string) ([]api.EventType, error) {
	var types []api.EventType
	for _, name := range names {
		t, err := api.ParseEventType(name)
		if err != nil {
			return nil, usage(err)
		}
		types = append(types, t)
	}
	return types, nil
}

// watch shows events, count of them or, when it is zero, until interrupted.
func (a *app) watch(ctx context.Context, client *api.Client, types []api.EventType, count int) error {
	events, err := a.subscribe(ctx, client, types...)
	if err != nil {
		return err
	}
	defer events.Close()
	a.say(a.text.Watching)
	for event, err := range events.All() {
		if err != nil {
			return err
		}
		if err := a.showEvent(event); err != nil {
			return err
		}
		if count--; count == 0 {
			return nil
		}
	}
	return nil
}

func (a *app) showEvent(event api.Event) error {
	if a.json {
		return a.row(event)
	}
	switch event := event.(type) {
	case api.Message:
		return a.showMessage(event)
	case api.Accepted:
		return a.showMessage(event.Message)
	case api.Edit:
		return a.showMessage(event.Message)
	case api.Receipt:
		what := fill(a.text.Message.Receipt, short(event.ID), printable.Line(event.To), word(a.text.State, event.State), word(a.text.Path, event.Path))
		return a.line("%s  %s", instant(event.At), what)
	case api.Presence:
		what := a.text.WentOffline
		if event.Online {
			what = a.text.CameOnline
		}
		return a.line("%s  %s  %s", instant(event.At), printable.Line(event.Name), what)
	case api.GroupChange:
		return a.showGroupChange(event)
	case api.FileEvent:
		return a.line("%s  %s", instant(event.At), a.describeTransfer(event.Transfer))
	case api.PathChange:
		return a.line("%s  %s  %s  %s", instant(event.At), printable.Line(event.Peer),
			printable.Line(a.text.path(event.Path, event.Transport, event.Endpoint)), duration(event.RTT))
	}
	return nil
}

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
	command := &cobra.Command{
		Use:   "watch",
		Short: "Show messages, logins, logouts and path changes as they happen",
		Long: `Show messages, logins, logouts and path changes as they happen. Nothing is marked
read. What happened before is not shown; for messages see peerctl read.`,
		Args: usageArgs(cobra.NoArgs),
	}
	command.Flags().StringSliceVar(&names, "type", nil, "only events of these `TYPES`: message, presence, path, file")
	command.Flags().IntVar(&count, "count", 0, "exit after this `NUMBER` of events")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, _ []string) error {
		if count < 0 || (count == 0 && command.Flags().Changed("count")) {
			return usage(errors.New("--count must be at least 1"))
		}
		types, err := eventTypes(names)
		if err != nil {
			return err
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
	events, err := client.Events(ctx, types...)
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
	case api.Presence:
		what := a.text.WentOffline
		if event.Online {
			what = a.text.CameOnline
		}
		return a.line("%s  %s  %s", instant(event.At), printable.Line(event.Name), what)
	case api.PathChange:
		return a.line("%s  %s  %s  %s", instant(event.At), printable.Line(event.Peer),
			printable.Line(a.text.path(event.Path, event.Transport, event.Endpoint)), duration(event.RTT))
	}
	return nil
}

package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

// completionShare is the part of --timeout, hence a second by default, for which the Tab
// key may hang with the daemon: 1/10. More would be felt by who presses it.
const completionShare = 10

// brief returns a context for what the Tab key asks.
func (a *app) brief() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), a.timeout/completionShare)
}

// completePeers offers the names of peers.
func (a *app) completePeers(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.completeNames(command, a.peerNames)
}

// completeRecipients offers whatever may be written to: peers and groups.
func (a *app) completeRecipients(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.completeNames(command, a.peerNames, a.groupNames)
}

// A nameSource asks the daemon for names of one kind.
type nameSource func(context.Context, *api.Client) ([]string, error)

// completeNames offers names. One that is not printable as it is could act on the
// shell's line editor, so it is not offered.
func (a *app) completeNames(command *cobra.Command, sources ...nameSource) (names []string, _ cobra.ShellCompDirective) {
	ctx, cancel := a.brief()
	defer cancel()
	err := a.with(func(_ context.Context, client *api.Client, _ []string) error {
		for _, source := range sources {
			some, err := source(ctx, client)
			if err != nil {
				return err
			}
			names = append(names, some...)
		}
		return nil
	})(command, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names = slices.DeleteFunc(names, func(name string) bool { return printable.Line(name) != name })
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) peerNames(ctx context.Context, client *api.Client) (names []string, err error) {
	peers, err := client.Peers(ctx)
	for _, peer := range peers {
		names = append(names, peer.Name)
	}
	return names, err
}

func (a *app) groupNames(ctx context.Context, client *api.Client) (names []string, err error) {
	groups, err := client.Groups(ctx)
	for _, group := range groups {
		names = append(names, group.Name)
	}
	return names, err
}

package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

// completionTimeout keeps the Tab key from hanging with the daemon.
const completionTimeout = time.Second

// completePeers offers the names of peers. A name that is not printable as it is
// could act on the shell's line editor, so it is not offered.
func (a *app) completePeers(command *cobra.Command, _ []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(context.Background(), completionTimeout)
	defer cancel()
	err := a.with(func(_ context.Context, client *api.Client, _ []string) error {
		peers, err := client.Peers(ctx)
		for _, peer := range peers {
			if printable.Line(peer.Name) == peer.Name {
				names = append(names, peer.Name)
			}
		}
		return err
	})(command, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

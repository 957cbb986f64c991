package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) searchCommand() *cobra.Command {
	var limit int
	command := &cobra.Command{
		Use:   "search [PEER] TEXT...",
		Short: "Find messages in the history, the newest first",
		Long: `Find messages in the history, yours and your peers', the newest first. Nothing is
marked read.

A message is found when every TEXT is in it, anywhere, in either case. No character
of a TEXT means something else. TEXTs of three characters and more are found with
and without accents; when all are shorter, the newest 50,000 messages are looked
through. The first argument is the PEER if a peer, or a group, has that name and a
TEXT follows; to search for a name and more, put the name last.

Finding nothing is no failure: the exit code is 0, and stdout is empty.`,
		Example: `  peerctl search 聊天
  peerctl search bob invoice "7 pm"`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeFirstPeer,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			return a.search(ctx, client, args, limit)
		}),
	}
	command.Flags().IntVar(&limit, "limit", 50, "at most this `NUMBER` of messages")
	return command
}

func (a *app) search(ctx context.Context, client *api.Client, args []string, limit int) error {
	ctx, cancel := a.limited(ctx)
	defer cancel()
	request := api.SearchRequest{Texts: args, Limit: limit}
	if len(args) > 1 {
		with, err := a.conversation(ctx, client, args[0])
		if err != nil {
			return err
		}
		if with != "" {
			request.Peer, request.Texts = with, args[1:]
		}
	}
	found, err := client.Search(ctx, request)
	if err != nil {
		return err
	}
	for _, m := range found {
		if err := a.showMessage(m); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		a.say(a.text.NothingFound)
	}
	return nil
}

// conversation is what the daemon knows the peer or group of this name by; empty when
// there is none.
func (a *app) conversation(ctx context.Context, client *api.Client, name string) (string, error) {
	peers, err := client.Peers(ctx)
	if err != nil {
		return "", err
	}
	if peer, err := api.FindPeer(peers, name); err == nil {
		return peer.Key, nil
	}
	groups, err := a.groupNames(ctx, client)
	if err != nil || !slices.Contains(groups, name) {
		return "", err
	}
	return name, nil
}

// completeFirstPeer offers peers for the first argument only.
func (a *app) completeFirstPeer(command *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeRecipients(command, args, typed)
}

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/chat"
	"peerd/internal/exitcode"
	"peerd/peer/api"
)

func (a *app) chatCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "chat [PEER|@GROUP...]",
		Short: "Talk on a screen of its own, in several conversations at once",
		Long: `Talk on a screen of its own, in several conversations at once: who is there and by
which path, what has been said, and how far your messages have come. PEERs named here
come first in the list. F1 tells the keys; Ctrl-C ends it.

What is on the screen is marked read, which tells its sender if you let it. It needs a
terminal of 20 columns and 5 lines, better 80 and 24, and neither colours nor a mouse.`,
		Example: `  peerctl chat
  peerctl chat bob @crew`,
		ValidArgsFunction: a.completeRecipients,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			return a.chat(ctx, client, args)
		}),
	}
}

func (a *app) chat(ctx context.Context, client *api.Client, refs []string) error {
	if !a.interactive() || !isTerminal(a.out) {
		return usage(errors.New("chat needs a terminal; without one there are: peerctl read --follow, peerctl send"))
	}
	if err := a.checkRefs(ctx, client, refs); err != nil {
		return err
	}
	texts := &chat.English
	if a.text == &chinese {
		texts = &chat.Chinese
	}
	err := chat.Run(ctx, chat.New(client, texts, time.Now(), refs...), a.in, a.out)
	if errors.Is(err, chat.ErrInterrupted) {
		return reported{exitcode.Interrupted}
	}
	return err
}

// checkRefs makes sure that there is a daemon, and that it knows the peers and
// groups.
func (a *app) checkRefs(ctx context.Context, client *api.Client, refs []string) error {
	ctx, cancel := a.limited(ctx)
	defer cancel()
	peers, err := client.Peers(ctx)
	if err != nil {
		return err
	}
	groups, err := client.Groups(ctx)
	if err != nil {
		return err
	}
	for _, group := range groups {
		peers = append(peers, api.Peer{Name: group.Name, Key: group.ID})
	}
	for _, ref := range refs {
		if _, err := api.FindPeer(peers, ref); err != nil {
			return err
		}
	}
	return nil
}

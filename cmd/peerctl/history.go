package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) historyCommand() *cobra.Command {
	request := api.HistoryRequest{Limit: 50}
	command := &cobra.Command{
		Use:   "history [PEER]",
		Short: "Show what was said, on both sides",
		Long: `Show the newest messages of the conversation with a PEER, or of all conversations,
in the order of time: yours with how far they have come, and everybody's with what
edit, unsend and receipts call them. Nothing is marked read.`,
		Example: `  peerctl history bob
  peerctl history bob --limit 20 --before q4x7ka`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeFirstPeer,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			request.With = strings.Join(args, "")
			return a.history(ctx, client, request)
		}),
	}
	command.Flags().IntVar(&request.Limit, "limit", request.Limit, "at most this `NUMBER` of messages, up to 1000")
	command.Flags().StringVar(&request.Before, "before", "", "only messages before the one with this `ID`")
	return command
}

func (a *app) history(ctx context.Context, client *api.Client, request api.HistoryRequest) error {
	ctx, cancel := a.limited(ctx)
	defer cancel()
	messages, err := client.History(ctx, request)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := a.showInHistory(m); err != nil {
			return err
		}
	}
	switch len(messages) {
	case 0:
		a.say(a.text.NoMessages)
	case request.Limit:
		a.say(fill(a.text.Message.Older, olderCommand(request.With, messages[0].ID)))
	}
	return nil
}

// olderCommand is the command line that shows what comes before a message.
func olderCommand(with, id string) string {
	words := []string{"peerctl history"}
	if with != "" {
		words = append(words, printable.Line(with))
	}
	return strings.Join(append(words, "--before", short(id)), " ")
}

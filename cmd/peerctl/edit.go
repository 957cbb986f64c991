package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

// howToCall is what commands say of the ID that they take.
const howToCall = `The ID is one of history's, whole or in part: six characters of its end or its
beginning are enough as long as only one message has them. "last" is the newest
message of your own; "send" to several peers makes one for each of them.`

func (a *app) editCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "edit ID [TEXT|-]",
		Short: "Change what a message of yours says",
		Long: `Change what a message of yours says, with everybody it went to. They see that it was
edited; who has not received it yet gets it as it is now. "-", or no text at all,
reads the text from stdin.

` + howToCall,
		Example: `  peerctl edit last "see you at nine"
  peerctl edit q4x7ka - < corrected.txt`,
		Args:              usageArgs(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: completeMessage,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ids, text, err := a.message(ctx, "peerctl edit ID", args)
			if err != nil {
				return err
			}
			return a.edit(ctx, client, api.EditRequest{ID: ids[0], Text: text})
		}),
	}
}

func (a *app) unsendCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unsend ID",
		Short: "Take a message of yours back",
		Long: `Take a message of yours back, with everybody it went to. Whoever has it sees that it
was taken back, and no longer what it said, unless they had read or copied it; who
has not received it yet never will.

` + howToCall,
		Example:           "  peerctl unsend last",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: completeMessage,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			return a.edit(ctx, client, api.EditRequest{ID: args[0], Unsend: true})
		}),
	}
}

func (a *app) edit(ctx context.Context, client *api.Client, request api.EditRequest) error {
	ctx, cancel := a.limited(ctx)
	defer cancel()
	edited, err := client.Edit(ctx, request)
	if err != nil {
		return err
	}
	return a.showInHistory(edited)
}

// completeMessage offers the one message that has a name.
func completeMessage(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"last"}, cobra.ShellCompDirectiveNoFileComp
}

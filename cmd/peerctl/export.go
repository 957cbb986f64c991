package main

import (
	"bufio"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) exportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export [PEER]",
		Short: "Write the whole history as JSON lines",
		Long: `Write the whole history, or that of the conversation with a PEER, as JSON lines: both
directions, with ids, states, times, edits and groups, in the order in which it came.
Nothing is marked read. The texts are readable by whoever can read the file, but it
does not contain your key; to keep everything: peerd backup.

An exit code other than 0 means that messages are missing.`,
		Example: `  peerctl export > history.jsonl
  peerctl export bob | jq -r .text`,
		Args:              usageArgs(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeFirstPeer,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			lines := bufio.NewWriterSize(a.out, 64<<10)
			if err := client.Export(ctx, strings.Join(args, ""), lines); err != nil {
				return err
			}
			return written(lines.Flush())
		}),
	}
}

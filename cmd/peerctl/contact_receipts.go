package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) contactReceiptsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "receipts [[PEER] on|off|default]",
		Short: "See and change who is told that you have read a message",
		Long: `See and change who is told that you have read a message. Without a PEER the setting
is for everybody who has none of their own; it is on at first. "default" takes a
PEER's own setting away. Settings survive restarts.

With read receipts off, "peerctl read" still marks messages as read here. That a
message was delivered is always told, or it would be sent again. What others tell
you does not depend on your setting. Receipts name the last message read: after you
turn them on again, the next one tells that everything before it was read too.`,
		Example: `  peerctl contact receipts
  peerctl contact receipts off
  peerctl contact receipts bob on`,
		Args:              usageArgs(cobra.MaximumNArgs(2)),
		ValidArgsFunction: a.completeReceipts,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			rows, err := readReceipts(ctx, client, args)
			if err != nil {
				return err
			}
			return a.showReceipts(rows)
		}),
	}
}

// completeReceipts offers peers and what everybody's setting can be, then what a peer's
// can be.
func (a *app) completeReceipts(command *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	words := []string{string(api.ReceiptsOn), string(api.ReceiptsOff)}
	switch len(args) {
	case 0:
		peers, directive := a.completePeers(command, args, prefix)
		return append(words, peers...), directive
	case 1:
		return append(words, string(api.ReceiptsDefault)), cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// readReceipts changes what the arguments ask for, if anything, and returns the
// settings concerned.
func readReceipts(ctx context.Context, client *api.Client, args []string) ([]api.ReadReceipts, error) {
	if len(args) == 0 {
		return client.ReadReceipts(ctx)
	}
	last := len(args) - 1
	receipts, err := api.ParseReceipts(args[last])
	if err != nil {
		return nil, err
	}
	request := api.ReadReceiptsRequest{Receipts: receipts}
	if last > 0 {
		request.Name = args[0]
	}
	row, err := client.SetReadReceipts(ctx, request)
	return []api.ReadReceipts{row}, err
}

func (a *app) showReceipts(rows []api.ReadReceipts) error {
	text := &a.text.Contact
	for _, r := range rows {
		var err error
		switch setting := word(text.Receipts, r.Receipts); {
		case a.json:
			err = a.row(r)
		case r.Name == "":
			err = a.line(text.ReceiptsOfAll, setting)
		default:
			err = a.line(text.ReceiptsOf, printable.Line(r.Name), setting)
		}
		if err != nil {
			return err
		}
	}
	if !a.json && len(rows) > 0 && rows[0].Receipts == api.ReceiptsOff {
		a.say(text.ReceiptsTold)
	}
	return nil
}

package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) receiptsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "receipts ID",
		Short: "Show who has received and read a message of yours",
		Long: `Show how far a message of yours has come with every recipient: one, or all members
of a group. The path is the one that it was delivered on.

` + howToCall,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: completeMessage,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			return a.receipts(ctx, client, args[0])
		}),
	}
}

func (a *app) receipts(ctx context.Context, client *api.Client, id string) error {
	ctx, cancel := a.limited(ctx)
	defer cancel()
	receipts, err := client.Receipts(ctx, id)
	if err != nil {
		return err
	}
	t := table{a.text.Message.ReceiptHeader}
	for _, r := range receipts {
		if a.json {
			if err := a.row(r); err != nil {
				return err
			}
			continue
		}
		t.add(r.To, word(a.text.State, r.State), word(a.text.Path, r.Path), instantOrNot(r.SentAt), instantOrNot(r.DeliveredAt), instantOrNot(r.ReadAt))
	}
	if a.json {
		return nil
	}
	return a.print(t)
}

// instantOrNot is instant for what may not have happened yet.
func instantOrNot(t api.Time) string {
	if t.IsZero() {
		return unmeasured
	}
	return instant(t)
}

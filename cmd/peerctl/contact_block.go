package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) contactBlockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "block PEER",
		Short: "Take nothing more from a peer",
		Long: `Take nothing more from a peer: no messages, no files, no connections. It is not
told. It sees what the circle shows of you, such as whether you are online; its
messages stay with it and never count as delivered. Nor can you send to it.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
		RunE:              a.with(a.setBlocked(true)),
	}
}

func (a *app) contactUnblockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "unblock PEER",
		Short: "Take from a blocked peer again",
		Long: `Take from a blocked peer again. What it could not deliver in between arrives within
seconds if both of you are online, and what waited here for it goes out.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
		RunE:              a.with(a.setBlocked(false)),
	}
}

func (a *app) setBlocked(blocked bool) action {
	return func(ctx context.Context, client *api.Client, args []string) error {
		ctx, cancel := a.limited(ctx)
		defer cancel()
		contact, err := client.BlockContact(ctx, api.BlockRequest{Name: args[0], Blocked: blocked})
		if err != nil {
			return err
		}
		if a.json {
			return a.row(contact)
		}
		text := &a.text.Contact
		if !blocked {
			return a.line(text.NowUnblocked, printable.Line(contact.Name))
		}
		if contact.Queued > 0 {
			a.say(fill(text.StaysQueued, contact.Queued))
		}
		return a.line(text.NowBlocked, printable.Line(contact.Name))
	}
}

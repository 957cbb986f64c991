package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) contactAddCommand() *cobra.Command {
	as := ""
	command := &cobra.Command{
		Use:   "add NAME|KEY",
		Short: "Pin a peer's key before the first message",
		Long: `Pin a peer's key before the first message. By KEY, as the owner's "peerctl whoami"
shows it, nobody can step in; by NAME it is the key that the circle has for it now.
A KEY that nobody in the circle has yet needs a name of your own, with --as.`,
		Example: `  peerctl contact add bob --as dad
  peerctl contact add KEY --as dad`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
	}
	command.Flags().StringVar(&as, "as", "", "call it by this `PETNAME`, which nobody else learns")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		ctx, cancel := a.limited(ctx)
		defer cancel()
		contact, err := client.AddContact(ctx, api.AddRequest{Peer: args[0], As: as})
		if err != nil {
			return err
		}
		if a.json {
			return a.row(contact)
		}
		return a.line(a.text.Contact.Pinned, printable.Line(contact.Name), printable.Line(contact.Key))
	})
	return command
}

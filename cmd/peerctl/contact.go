package main

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) contactCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "contact",
		Short: "See and change which keys are pinned to which names",
		Long: `See and change which keys are pinned to which names.

The first message to or from a peer pins its key to its name. Should the name come
with another key later, nothing is sent (exit code 4) until you accept that key
with "contact trust" or forget the pin with "contact rm". To know that a key is its
owner's, compare the safety code: "contact verify".`,
		Args: usageArgs(knownCommand),
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(
		a.contactListCommand(), a.contactAddCommand(), a.contactVerifyCommand(), a.contactTrustCommand(),
		a.contactRenameCommand(), a.contactBlockCommand(), a.contactUnblockCommand(),
		a.contactReceiptsCommand(), a.contactRemoveCommand(),
	)
	return command
}

func (a *app) contactListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List the contacts: name, key, since when, and whether the roster agrees",
		Args:  usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			contacts, err := client.Contacts(ctx)
			if err != nil {
				return err
			}
			return a.showContacts(contacts)
		}),
	}
}

func (a *app) showContacts(contacts []api.Contact) error {
	switch {
	case a.json:
		for _, contact := range contacts {
			if err := a.row(contact); err != nil {
				return err
			}
		}
		return nil
	case len(contacts) == 0:
		a.say(a.text.Contact.None)
		return nil
	}
	return a.print(a.contactTable(contacts))
}

func (a *app) contactTable(contacts []api.Contact) table {
	text := &a.text.Contact
	var t table
	t.add(text.Header...)
	for _, c := range contacts {
		called := c.Name
		if c.Name != c.PinnedName {
			called = fill(text.Petname, c.Name, c.PinnedName)
		}
		match := word(text.Match, c.Roster)
		if c.Roster == api.RosterRenamed {
			match = fill(match, c.RosterName)
		}
		t.add(called, c.Key, c.PinnedAt.Local().Format(time.DateOnly), a.seen(c), a.notes(c), match)
		if c.RosterKey != "" {
			t.add("", c.RosterKey, "", "", "", text.Offered)
		}
	}
	return t
}

// seen says when a contact was last online.
func (a *app) seen(c api.Contact) string {
	switch {
	case c.Online:
		return a.text.Online
	case c.LastSeen.IsZero():
		return a.text.NeverSeen
	}
	return fill(a.text.Contact.Ago, age(time.Since(c.LastSeen.Time)))
}

// notes says what the user has decided about a contact.
func (a *app) notes(c api.Contact) string {
	text := &a.text.Contact
	var notes []string
	if c.Verified {
		notes = append(notes, text.Verified)
	}
	if c.Blocked {
		notes = append(notes, text.Blocked)
	}
	if c.Receipts != api.ReceiptsDefault {
		notes = append(notes, fill(text.ReceiptsAre, word(text.Receipts, c.Receipts)))
	}
	return cmp.Or(strings.Join(notes, a.text.Comma), unmeasured)
}

func (a *app) contactTrustCommand() *cobra.Command {
	key := ""
	command := &cobra.Command{
		Use:   "trust NAME",
		Short: "Accept the key that a name comes with now",
		Long: `Accept the key that a name comes with now. Compare it with the owner's first
("peerctl whoami" there), by a way other than peerd; with --key it is accepted only
if it is that one.

Messages that wait for the old key stay with it. They never go to the new one:
write again what its owner may read. The history stays.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
	}
	command.Flags().StringVar(&key, "key", "", "accept this `KEY` only, as the owner's whoami shows it")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		ctx, cancel := a.limited(ctx)
		defer cancel()
		trusted, err := client.Trust(ctx, api.TrustRequest{Name: args[0], Key: key})
		if err != nil {
			return err
		}
		return a.showTrusted(trusted)
	})
	return command
}

func (a *app) showTrusted(t api.Trusted) error {
	text, name := &a.text.Contact, printable.Line(t.Name)
	if t.OldKey != "" {
		a.say(fill(text.OldKey, printable.Line(t.OldKey)))
		a.say(fill(text.NewKey, printable.Line(t.Key)))
	}
	if t.WasVerified {
		a.say(fill(text.NoLongerVerified, name))
	}
	if t.Queued > 0 {
		a.say(fill(text.StayQueued, t.Queued, printable.Line(t.OldKey)))
	}
	if a.json {
		return a.row(t)
	}
	return a.line(text.Pinned, name, printable.Line(t.Key))
}

func (a *app) contactRenameCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rename NAME NEWNAME",
		Short: "Call a contact by a name of your own",
		Long: `Call a contact by a name of your own, which nobody else learns. The name it has in
the circle still works, and takes yours away when it is given as NEWNAME.`,
		Args:              usageArgs(cobra.ExactArgs(2)),
		ValidArgsFunction: a.completePeers,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			contact, err := client.RenameContact(ctx, api.RenameRequest{Name: args[0], NewName: args[1]})
			if err != nil {
				return err
			}
			if a.json {
				return a.row(contact)
			}
			return a.line(a.text.Contact.Renamed, printable.Line(contact.PinnedName), printable.Line(contact.Name))
		}),
	}
}

func (a *app) contactRemoveCommand() *cobra.Command {
	force := false
	command := &cobra.Command{
		Use:   "rm NAME",
		Short: "Forget which key a name is pinned to",
		Long: `Forget which key a name is pinned to. The next message to or from the name pins
whatever key comes with it then. The history stays.

While messages wait for the key nothing is forgotten; with --force these messages
are discarded. One that is on its way at that moment may still arrive.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
	}
	command.Flags().BoolVar(&force, "force", false, "discard messages that are not delivered")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		ctx, cancel := a.limited(ctx)
		defer cancel()
		forgotten, err := client.ForgetContact(ctx, api.ForgetRequest{Name: args[0], Force: force})
		if err != nil {
			return err
		}
		if a.json {
			return a.row(forgotten)
		}
		if forgotten.Discarded > 0 {
			a.say(fill(a.text.Contact.Discarded, forgotten.Discarded))
		}
		return a.line(a.text.Contact.Forgotten, printable.Line(forgotten.Name), printable.Line(forgotten.Key))
	})
	return command
}

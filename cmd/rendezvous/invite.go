package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/rendezvous"
)

func newInvite(io stdio) *cobra.Command {
	command := &cobra.Command{
		Use:   "invite",
		Short: "Create, list and revoke invites, whether or not the rendezvous runs",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return usageError(errors.New("say what to do: rendezvous invite create, ls or revoke ID"))
		},
	}
	command.AddCommand(newInviteCreate(io), newInviteList(io), newInviteRevoke(io))
	return command
}

func newInviteCreate(io stdio) *cobra.Command {
	var dir string
	var asJSON bool
	var uses int
	var life time.Duration
	command := &cobra.Command{
		Use:   "create",
		Short: "Create an invite and print it: the only time it is shown",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if uses < 1 || life <= 0 {
				return usageError(errors.New("--uses and --expires must be more than nothing"))
			}
			return withAdmin(dir, func(admin rendezvous.Admin) error {
				secret, invite, err := admin.CreateInvite(uses, life)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(io, inviteRow{V: 1, Invite: invite, Secret: secret})
				}
				fmt.Fprintf(io.err, "invite %s: for %d peers, until %s\n", invite.ID, invite.Uses, invite.Expires.Local().Format(time.DateTime))
				_, err = fmt.Fprintln(io.out, secret)
				return err
			})
		},
	}
	command.Flags().IntVar(&uses, "uses", rendezvous.DefaultInviteUses, "how many peers may join with it")
	command.Flags().DurationVar(&life, "expires", rendezvous.DefaultInviteLife, "how long it can be used, such as 90m or 72h")
	addState(command, &dir)
	addJSON(command, &asJSON)
	return command
}

func newInviteList(io stdio) *cobra.Command {
	var dir string
	var asJSON bool
	command := &cobra.Command{
		Use:   "ls",
		Short: "List invites, without their secrets",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return withAdmin(dir, func(admin rendezvous.Admin) error {
				invites, err := admin.Invites()
				if err != nil {
					return err
				}
				return printInvites(io, invites, asJSON)
			})
		},
	}
	addState(command, &dir)
	addJSON(command, &asJSON)
	return command
}

func newInviteRevoke(io stdio) *cobra.Command {
	var dir string
	command := &cobra.Command{
		Use:   "revoke ID",
		Short: "End an invite; who has joined with it stays a member",
		Args:  usageArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			return withAdmin(dir, func(admin rendezvous.Admin) error {
				err := admin.RevokeInvite(args[0])
				if errors.Is(err, rendezvous.ErrNoSuchInvite) {
					return exitcode.With(exitcode.Other, noSuchInvite{err})
				}
				if err == nil {
					fmt.Fprintf(io.err, "invite %s is revoked\n", args[0])
				}
				return err
			})
		},
	}
	addState(command, &dir)
	return command
}

// noSuchInvite adds where to find ids.
type noSuchInvite struct{ error }

func (noSuchInvite) Hint() string { return "list them with: rendezvous invite ls" }

// withAdmin runs what with the rendezvous of the chosen state directory.
func withAdmin(chosen string, what func(rendezvous.Admin) error) error {
	dir, err := stateDir(chosen)
	if err != nil {
		return err
	}
	admin, err := rendezvous.OpenAdmin(dir)
	if err != nil {
		return err
	}
	return errors.Join(what(admin), admin.Close())
}

// inviteRow is an invite in JSON. The secret is there only at its creation.
type inviteRow struct {
	V int `json:"v"`
	rendezvous.Invite
	Secret string `json:"invite,omitempty"`
}

func printInvites(io stdio, invites []rendezvous.Invite, asJSON bool) error {
	if asJSON {
		for _, invite := range invites {
			if err := printJSON(io, inviteRow{V: 1, Invite: invite}); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSTATE\tUSES LEFT\tEXPIRES")
	for _, i := range invites {
		fmt.Fprintf(table, "%s\t%s\t%d of %d\t%s\n", i.ID, i.State, i.UsesLeft, i.Uses, i.Expires.Local().Format(time.DateTime))
	}
	return table.Flush()
}

func addJSON(command *cobra.Command, asJSON *bool) {
	command.Flags().BoolVar(asJSON, "json", false, "print one JSON object per line")
}

// printJSON prints one row, which may be shown on a terminal as it is.
func printJSON(io stdio, row any) error {
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%s\n", printable.JSON(line))
	return err
}

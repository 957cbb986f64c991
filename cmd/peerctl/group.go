package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) groupCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "group",
		Short: "Talk with several peers at once",
		Long: `Talk with several peers at once. A group is written with an @ where a peer could
stand: "peerctl send @friends hello", "peerctl read @friends".

A message to a group goes to every member of its own, directly where there is a
path, and waits for those who are offline. "peerctl receipts ID" shows who has it.
Who is added sees what is said from then on.`,
		Example: `  peerctl group create friends bob carol
  peerctl send @friends "see you at eight"`,
		Args: usageArgs(knownCommand),
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(a.groupListCommand(), a.groupCreateCommand(), a.groupAddCommand(), a.groupLeaveCommand())
	return command
}

func (a *app) groupListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "ls",
		Short: "List the groups: who is in them, and how many messages are unread",
		Args:  usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			groups, err := client.Groups(ctx)
			if err != nil {
				return err
			}
			return a.showGroups(groups)
		}),
	}
}

func (a *app) showGroups(groups []api.Group) error {
	switch {
	case a.json:
		for _, group := range groups {
			if err := a.row(group); err != nil {
				return err
			}
		}
		return nil
	case len(groups) == 0:
		a.say(a.text.Group.None)
		return nil
	}
	var t table
	t.add(a.text.Group.Header...)
	for _, group := range groups {
		t.add(group.Name, strconv.Itoa(len(group.Members)), strconv.Itoa(group.Unread), a.memberNames(group))
	}
	return a.print(t)
}

// groupCells describes a group as one line of the table of peers.
func (a *app) groupCells(group api.Group) []string {
	online := 0
	for _, member := range group.Members {
		if member.Online {
			online++
		}
	}
	members := fill(a.text.Group.Members, len(group.Members), online)
	return []string{group.Name, members, unmeasured, unmeasured, strconv.Itoa(group.Unread), unmeasured}
}

// memberNames names the members; those offline are marked.
func (a *app) memberNames(group api.Group) string {
	var names []string
	for _, member := range group.Members {
		if !member.Online {
			names = append(names, fill(a.text.Group.Away, member.Name))
			continue
		}
		names = append(names, member.Name)
	}
	return strings.Join(names, a.text.Comma)
}

func (a *app) groupCreateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "create NAME PEER...",
		Short: "Make a group of yourself and peers",
		Args:  usageArgs(cobra.MinimumNArgs(2)),
	}
	return a.changesGroup(command, (*api.Client).CreateGroup, func() string { return a.text.Group.Created })
}

func (a *app) groupAddCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "add GROUP PEER...",
		Short: "Add peers to a group",
		Args:  usageArgs(cobra.MinimumNArgs(2)),
	}
	return a.changesGroup(command, (*api.Client).AddToGroup, func() string { return a.text.Group.Added })
}

func (a *app) groupLeaveCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "leave GROUP",
		Short: "Leave a group; what was said in it stays in the history",
		Args:  usageArgs(cobra.ExactArgs(1)),
	}
	return a.changesGroup(command, (*api.Client).LeaveGroup, func() string { return a.text.Group.Gone })
}

// changesGroup makes command change the group that its first argument names and
// say so.
func (a *app) changesGroup(
	command *cobra.Command, change func(*api.Client, context.Context, api.GroupRequest) (api.Group, error), said func() string,
) *cobra.Command {
	command.ValidArgsFunction = a.completeGroupThenPeers
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		ctx, cancel := a.limited(ctx)
		defer cancel()
		group, err := change(client, ctx, api.GroupRequest{Name: args[0], Members: args[1:]})
		if err != nil {
			return err
		}
		if a.json {
			return a.row(group)
		}
		return a.line(said(), printable.Line(group.Name), printable.Line(a.memberNames(group)))
	})
	return command
}

// completeGroupThenPeers offers groups for the first argument, peers after it.
func (a *app) completeGroupThenPeers(command *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return a.completePeers(command, args, start)
	}
	return a.completeNames(command, a.groupNames)
}

func (a *app) showGroupChange(change api.GroupChange) error {
	text := &a.text.Group
	by, group := printable.Line(change.By), printable.Line(change.Group)
	for _, c := range []struct {
		format string
		who    []string
	}{{text.WasAdded, change.Joined}, {text.HasLeft, change.Left}} {
		if len(c.who) == 0 {
			continue
		}
		said := fill(c.format, by, group, printable.Line(strings.Join(c.who, a.text.Comma)))
		if err := a.line("%s  %s", instant(change.At), said); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"peerd/rendezvous"
)

func newStatus(io stdio) *cobra.Command {
	var dir string
	var asJSON bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Say whether the rendezvous runs, for whom, and how busy it is",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return withAdmin(dir, func(admin rendezvous.Admin) error {
				status, err := admin.Status()
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(io, statusRow{V: 1, Status: status})
				}
				return printStatus(io, status)
			})
		},
	}
	addState(command, &dir)
	addJSON(command, &asJSON)
	return command
}

// statusRow is a status in JSON.
type statusRow struct {
	V int `json:"v"`
	rendezvous.Status
}

func printStatus(io stdio, s rendezvous.Status) error {
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	row := func(label, format string, values ...any) {
		fmt.Fprintf(table, label+"\t"+format+"\n", values...)
	}
	if s.Running {
		row("state", "running since %s, listening on %s", s.StartedAt.Local().Format(time.DateTime), s.Listen)
	} else {
		row("state", "stopped")
	}
	if len(s.SecondAddresses) > 0 {
		row("second address", "%s", strings.Join(s.SecondAddresses, ", "))
	}
	if s.Classic != "" {
		row("classic", "%d users on %s", s.ClassicUsers, s.Classic)
	}
	row("circle", "%s", s.Circle)
	row("key", "%s", s.Key)
	row("advertised", "%s", s.Advertise)
	if s.Open {
		row("open", "anybody may join with %s", s.Join)
	}
	row("members", "%d, %d online, %d banned", s.Members, s.Online, s.Banned)
	row("sessions", "%d", s.Sessions)
	row("relayed", "%d bytes", s.RelayedBytes)
	row("invites", "%d open", s.OpenInvites)
	return table.Flush()
}

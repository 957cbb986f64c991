package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"peerd/rendezvous"
)

func newPeers(io stdio) *cobra.Command {
	var dir string
	var asJSON bool
	command := &cobra.Command{
		Use:   "peers",
		Short: "List members and banned keys, whether or not the rendezvous runs",
		Args:  usageArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return withAdmin(dir, func(admin rendezvous.Admin) error {
				peers, err := admin.Peers()
				if err != nil {
					return err
				}
				if asJSON {
					return printPeerRows(io, peers)
				}
				if err := sayOpen(io, admin); err != nil {
					return err
				}
				return printPeers(io, peers)
			})
		},
	}
	addState(command, &dir)
	addJSON(command, &asJSON)
	return command
}

// peerRow is a peer in JSON.
type peerRow struct {
	V int `json:"v"`
	rendezvous.Peer
}

func printPeerRows(io stdio, peers []rendezvous.Peer) error {
	for _, peer := range peers {
		if err := printJSON(io, peerRow{V: 1, Peer: peer}); err != nil {
			return err
		}
	}
	return nil
}

// sayOpen says so when anybody may join.
func sayOpen(io stdio, admin rendezvous.Admin) error {
	status, err := admin.Status()
	if err == nil && status.Open {
		fmt.Fprintln(io.err, "the circle is open: anybody may join with "+status.Join)
	}
	return err
}

func printPeers(io stdio, peers []rendezvous.Peer) error {
	table := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTATE\tJOINED\tBY\tLAST SEEN\tKEY")
	for _, p := range peers {
		seen := when(p.LastSeen)
		if p.State == rendezvous.PeerOnline {
			seen = "now"
		}
		by := string(p.How)
		if p.Invite != "" {
			by += " " + p.Invite
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s", cmp.Or(p.Name, "-"), p.State, when(p.Joined), cmp.Or(by, "-"), seen, p.Key)
		if p.State == rendezvous.PeerBanned {
			fmt.Fprintf(table, "\tsince %s", when(p.Removed))
			if p.Reason != "" {
				fmt.Fprintf(table, ": %s", p.Reason)
			}
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// when shows a time, or a dash for none.
func when(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Local().Format(time.DateTime)
}

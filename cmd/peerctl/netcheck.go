package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) netcheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "netcheck",
		Short: "Examine the network in front of this peer now",
		Args:  usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			check, err := client.Netcheck(ctx)
			if err != nil {
				return err
			}
			if a.json {
				return a.row(check)
			}
			return a.print(a.netcheckTable(check))
		}),
	}
}

func (a *app) netcheckTable(check api.Netcheck) table {
	udp := a.text.Blocked
	if check.UDP {
		udp = a.text.Works
	}
	r := check.Rendezvous
	var t table
	t.add(a.text.UDP, udp)
	t.add(a.text.Rendezvous, fmt.Sprintf("%s  %s  %s", r.Addr, word(a.text.RendezvousState, r.State), duration(r.RTT)))
	if check.NAT.Observed.IsValid() {
		t.add(a.text.Observed, check.NAT.Observed.String())
	}
	label := a.text.Local
	for _, endpoint := range check.NAT.Local {
		t.add(label, endpoint.String())
		label = ""
	}
	label = a.text.Mapped
	for _, endpoint := range check.NAT.Mapped {
		t.add(label, endpoint.String())
		label = ""
	}
	t.add(a.text.NAT, word(a.text.Mapping, check.NAT.Mapping))
	if check.NAT.Mapping != "none" {
		t.add("", word(a.text.Filtering, check.NAT.Filtering))
		t.add("", word(a.text.Allocation, check.NAT.Allocation))
	}
	return t
}

package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "why PEER",
		Short:             "Explain which path to a peer is in use",
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			why, err := client.Why(ctx, args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.row(why)
			}
			return a.print(a.whyTable(why))
		}),
	}
}

func (a *app) whyTable(why api.Why) table {
	reason := a.text.Reason[why.Reason]
	var t table
	t.add(why.Peer, a.text.path(why.Path, why.Transport, why.Endpoint)+"  "+duration(why.RTT))
	t.add("", cmp.Or(reason.Cause, string(why.Reason)))
	if !why.Since.IsZero() {
		t.add(a.text.Since, instant(why.Since))
	}
	t.add(a.text.OurNAT, word(a.text.Mapping, why.OurNAT.Mapping))
	if why.TheirNAT.Mapping != "" {
		t.add(a.text.TheirNAT, word(a.text.Mapping, why.TheirNAT.Mapping))
	}
	label := a.text.Probed
	for _, endpoint := range why.Probed {
		t.add(label, endpoint.String())
		label = ""
	}
	if reason.Next != "" {
		t.add(a.text.Advice, fill(reason.Next, why.Peer))
	}
	return t
}

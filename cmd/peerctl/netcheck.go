package main

import (
	"context"
	"fmt"
	"strings"

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
		t.add("", a.allocationText(check))
		t.add("", word(a.text.Hairpin, check.Hairpin))
	}
	if check.NAT.Lifetime > 0 {
		t.add("", fill(a.text.Lifetime, check.NAT.Lifetime))
	}
	label = a.text.OwnHops
	for _, hop := range check.OwnHops {
		t.add(label, a.hopText(hop))
		label = ""
	}
	if check.OpenerTTL > 0 {
		t.add(label, fill(a.text.OpenerTTL, check.OpenerTTL))
	}
	label = a.text.NotMeasured
	for _, gap := range check.NotMeasured {
		t.add(label, word(a.text.Aspect, gap.Aspect)+a.text.Colon+word(a.text.GapReason, gap.Reason))
		label = ""
	}
	return t
}

// allocationText says how port numbers are given out, with the figures there
// are.
func (a *app) allocationText(check api.Netcheck) string {
	text := word(a.text.Allocation, check.NAT.Allocation)
	if check.NAT.FirstPort != 0 {
		text += a.text.Comma + fill(a.text.Block, check.NAT.FirstPort, check.NAT.LastPort)
	}
	if check.Step != 0 {
		text += a.text.Comma + fill(a.text.Step, check.Step)
	}
	if check.Drift > 0 {
		text += a.text.Comma + fill(a.text.Drift, check.Drift)
	}
	return text
}

// hopText is a router on our side and what it says about itself.
func (a *app) hopText(hop api.Hop) string {
	text := a.text.SilentHop
	if hop.Address.IsValid() {
		text = hop.Address.String()
	}
	if len(hop.PortMapping) > 0 {
		text += a.text.Comma + fill(a.text.PortMapping, strings.Join(hop.PortMapping, a.text.Comma))
	}
	if hop.Outside.IsValid() {
		text += a.text.Comma + fill(a.text.Outside, hop.Outside)
	}
	return text
}

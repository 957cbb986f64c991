package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show this peer, its rendezvous and NAT, the peers and groups",
		Args:  usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			status, err := client.Status(ctx)
			if err != nil {
				return err
			}
			if a.json {
				return a.row(status)
			}
			peers, err := client.Peers(ctx)
			if err != nil {
				return err
			}
			groups, err := client.Groups(ctx)
			if err != nil {
				return err
			}
			return a.showStatus(status, peers, groups)
		}),
	}
}

func (a *app) showStatus(s api.Status, peers []api.Peer, groups []api.Group) error {
	err := a.line(a.text.Me, printable.Line(s.Name), word(a.text.RendezvousState, s.Rendezvous.State),
		printable.Line(s.Rendezvous.Addr), duration(s.Rendezvous.RTT), printable.Line(word(a.text.ShortNAT, s.NAT.Mapping)))
	if err != nil {
		return err
	}
	if s.Introduce != "" && s.Introduce != api.IntroduceCircle {
		if err := a.showIntroductions(api.Introductions{Introduce: s.Introduce}); err != nil {
			return err
		}
	}
	t := a.peersTable(peers)
	for _, group := range groups {
		t.add(a.groupCells(group)...)
	}
	if err := a.print(t); err != nil {
		return err
	}
	if why := s.Rendezvous.Why; why != "" {
		a.say("! " + fill(a.text.NotLoggedIn, printable.Line(why)))
	}
	if c := s.Classic; c != nil {
		a.say(fill(a.text.Classic.Status, c.Users, c.Received, c.Dropped))
	}
	if d := s.Damage; d != nil {
		format := a.text.Damage.Lost
		if d.Missing == 0 {
			format = a.text.Damage.Whole
		}
		a.say("! " + fill(format, instant(d.At), d.Messages, d.Missing, printable.Line(d.Kept)))
	}
	for _, peer := range peers {
		if peer.Path == api.PathRelay {
			a.say("! " + fill(a.text.RelayedAdvice, printable.Line(peer.Name)))
		}
	}
	return nil
}

func (a *app) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "whoami",
		Short: "Show this peer's name and key, for others to verify",
		Args:  usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			status, err := client.Status(ctx)
			if err != nil {
				return err
			}
			if a.json {
				return a.row(status.Identity())
			}
			var t table
			t.add(a.text.Name, status.Name)
			t.add(a.text.Key, status.Key)
			t.add(a.text.Circle, status.Circle)
			return a.print(t)
		}),
	}
}

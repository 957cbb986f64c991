package main

import (
	"context"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) waitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "wait online|direct PEER",
		Short: "Wait until a peer is online, or reached by a direct path",
		Long: `Wait until a peer is online, or reached by a direct path, which is opened if there
is none. Gives up after --timeout: exit code 6, or 7 when the peer is reached but
only through the relay.`,
		Args: usageArgs(cobra.ExactArgs(2)),
		ValidArgsFunction: func(command *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return []string{"online", "direct"}, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completePeers(command, args, prefix)
		},
		RunE: a.with(func(ctx context.Context, client *api.Client, args []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			switch what, peer := args[0], args[1]; what {
			case "online":
				return a.waitOnline(ctx, client, peer)
			case "direct":
				return a.waitDirect(ctx, client, peer)
			default:
				return failure(api.CodeUsage, a.text.WaitWhat, what)
			}
		}),
	}
}

func (a *app) waitOnline(ctx context.Context, client *api.Client, ref string) error {
	peer, err := client.WaitOnline(ctx, ref)
	if isTimeout(err) && peer.Name != "" {
		return failure(api.CodeNotReached, a.text.NotOnline, peer.Name, a.timeout)
	}
	if err != nil {
		return err
	}
	return a.showPeer(peer)
}

func (a *app) waitDirect(ctx context.Context, client *api.Client, ref string) error {
	if a.refusesDirect(ctx, client, ref) {
		return a.onlyRelayed(client, ref)
	}
	peer, err := client.WaitDirect(ctx, ref)
	if isTimeout(err) && peer.Path == api.PathRelay {
		return a.onlyRelayed(client, peer.Name)
	}
	if isTimeout(err) && peer.Name != "" {
		return failure(api.CodeNotReached, a.text.NotDirect, peer.Name, a.timeout)
	}
	if err != nil {
		return err
	}
	return a.showPeer(peer)
}

func (a *app) showPeer(peer api.Peer) error {
	if a.json {
		return a.row(peer)
	}
	var t table
	t.add(a.peerCells(peer)[:4]...)
	return a.print(t)
}

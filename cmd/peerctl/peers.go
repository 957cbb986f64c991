package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"peerd/peer/api"
)

func (a *app) peersCommand() *cobra.Command {
	var online bool
	command := &cobra.Command{
		Use:   "peers",
		Short: "List the peers of the circle: who is there, by which path, how far away",
		Args:  usageArgs(cobra.NoArgs),
		RunE: a.with(func(ctx context.Context, client *api.Client, _ []string) error {
			ctx, cancel := a.limited(ctx)
			defer cancel()
			peers, err := client.Peers(ctx)
			if err != nil {
				return err
			}
			if online {
				peers = slices.DeleteFunc(peers, func(p api.Peer) bool { return !p.Online })
			}
			return a.showPeers(peers)
		}),
	}
	command.Flags().BoolVar(&online, "online", false, "only those online")
	return command
}

func (a *app) showPeers(peers []api.Peer) error {
	if !a.json {
		return a.print(a.peersTable(peers))
	}
	for _, peer := range peers {
		if err := a.row(peer); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) peersTable(peers []api.Peer) table {
	var t table
	t.add(a.text.Header...)
	for _, peer := range peers {
		t.add(a.peerCells(peer)...)
	}
	return t
}

// peerCells describes a peer: one line of the table.
func (a *app) peerCells(p api.Peer) []string {
	state := a.text.Offline
	if p.Online {
		state = a.text.Online
	}
	return []string{p.Name, state, a.whereabouts(p), duration(p.RTT), strconv.Itoa(p.Unread), a.trust(p)}
}

// trust says what the user thinks of a peer.
func (a *app) trust(p api.Peer) string {
	switch text := &a.text.Contact; {
	case p.Classic:
		return a.text.Classic.Trust
	case p.Blocked:
		return text.Blocked
	case p.Verified:
		return text.Verified
	case p.Pinned:
		return text.IsPinned
	}
	return unmeasured
}

// whereabouts is the path to a peer, or what is known instead of one.
func (a *app) whereabouts(p api.Peer) string {
	var parts []string
	if p.Classic {
		parts = append(parts, a.text.Classic.Mark)
	}
	switch {
	case p.Classic && !p.Online:
	case p.Path != api.PathNone:
		parts = append(parts, a.text.path(p.Path, p.Transport, p.Endpoint))
	case p.Online:
		parts = append(parts, a.text.NoSession)
	case p.LastSeen.IsZero():
		parts = append(parts, a.text.NeverSeen)
	default:
		parts = append(parts, fmt.Sprintf(a.text.LastSeen, age(time.Since(p.LastSeen.Time))))
	}
	if p.Queued > 0 {
		parts = append(parts, fmt.Sprintf(a.text.Queued, p.Queued))
	}
	return strings.Join(parts, a.text.Comma)
}

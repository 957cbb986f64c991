package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/printable"
	"peerd/peer/api"
)

// pingInterval is the time between two pings. A shorter one shows a new path
// earlier and loads the relay more.
const pingInterval = time.Second

func (a *app) pingCommand() *cobra.Command {
	count, untilDirect := 4, false
	command := &cobra.Command{
		Use:   "ping PEER",
		Short: "Measure the round trip to a peer's daemon, over the path in use",
		Long: `Measure the round trip to a peer's daemon, over the path in use, once a second.
--timeout bounds each answer. With --until-direct it bounds the whole, the number
of pings is not limited unless -c says so, and the exit code is 7 when the peer
was only reached through the relay.`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: a.completePeers,
	}
	command.Flags().IntVarP(&count, "count", "c", count, "`NUMBER` of pings")
	command.Flags().BoolVar(&untilDirect, "until-direct", false, "stop at the first answer over a direct path")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		if count < 1 {
			return usage(errors.New("--count must be at least 1"))
		}
		if !untilDirect {
			return a.ping(ctx, client, args[0], count)
		}
		if !command.Flags().Changed("count") {
			count = 0
		}
		return a.pingUntilDirect(ctx, client, args[0], count)
	})
	return command
}

// ping pings count times; every ping must be answered.
func (a *app) ping(ctx context.Context, client *api.Client, peer string, count int) error {
	for seq := 1; ; seq++ {
		limited, cancel := a.limited(ctx)
		_, err := a.pingOnce(limited, client, peer, seq)
		cancel()
		if isTimeout(err) {
			return failure(api.CodeNotReached, a.text.NoAnswer, peer, a.timeout)
		}
		if err != nil || seq == count {
			return err
		}
		if err := sleep(ctx, pingInterval); err != nil {
			return err
		}
	}
}

// pingUntilDirect pings until an answer comes directly, at most count times
// unless that is zero, and at most for the user's timeout.
func (a *app) pingUntilDirect(ctx context.Context, client *api.Client, peer string, count int) error {
	ctx, cancel := a.limited(ctx)
	defer cancel()
	var last api.Ping
	for seq := 1; count == 0 || seq <= count; seq++ {
		ping, err := a.pingOnce(ctx, client, peer, seq)
		if err == nil {
			if ping.Path != api.PathDirect && a.refusesDirect(ctx, client, peer) {
				return a.onlyRelayed(client, peer)
			}
			if last.Path == "" && ping.Path != api.PathDirect {
				a.say(fill(a.text.AwaitingDirect, printable.Line(peer), a.timeout))
			}
			last = ping
		}
		if err == nil && ping.Path != api.PathDirect && seq != count {
			err = sleep(ctx, pingInterval)
		}
		switch {
		case isTimeout(err) && last.Path == "":
			return failure(api.CodeNotReached, a.text.NoAnswer, peer, a.timeout)
		case isTimeout(err):
			return a.onlyRelayed(client, peer)
		case err != nil || ping.Path == api.PathDirect:
			return err
		}
	}
	return a.onlyRelayed(client, peer)
}

func (a *app) pingOnce(ctx context.Context, client *api.Client, peer string, seq int) (api.Ping, error) {
	ping, err := client.Ping(ctx, peer)
	if err != nil {
		return ping, err
	}
	ping.Seq = seq
	if a.json {
		return ping, a.row(ping)
	}
	return ping, a.line(a.text.Pong, seq, printable.Line(ping.Peer), duration(ping.RTT),
		printable.Line(a.text.path(ping.Path, ping.Transport, ping.Endpoint)))
}

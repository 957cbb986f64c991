//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"peerd/internal/invite"
	"peerd/peer"
	"peerd/peer/api"
	"peerd/wire"
)

// bulkPeer is a whole daemon in this process, because peerctl has no command
// that fills a stream.
type bulkPeer struct {
	daemon *peer.Daemon
	dir    string
	other  wire.Key
}

// playBulkPeer plays a peer. Arguments: state directory, name, invite. It
// answers
//
//	connect NAME PATH   once a session with the peer is connected over that
//	                    kind of path
//	fill DURATION       by filling one stream to that peer, as fill does
//	path NAME           with the kind of path in use now
//	accept NAME         by taking files of that peer from now on
//	file NAME BYTES     by sending that peer a file of that size, as fill does
//	deliver NAME MESSAGES AT-ONCE
//	                    with the nanoseconds that takes (delivery.go)
func playBulkPeer(args []string) (part, error) {
	if len(args) != 3 {
		return part{}, errors.New("bulk-peer wants a state directory, a name and an invite")
	}
	d, err := joinDaemon(args[0], args[1], args[2], zerolog.New(os.Stderr).Level(zerolog.WarnLevel))
	if err != nil {
		return part{}, err
	}
	b := &bulkPeer{daemon: d, dir: args[0]}
	return part{answer: b.answer, end: d.Close}, nil
}

// joinDaemon starts a daemon in this process and waits until it is logged in.
func joinDaemon(dir, name, secret string, logger zerolog.Logger) (*peer.Daemon, error) {
	joined, err := invite.Parse(secret)
	if err != nil {
		return nil, err
	}
	d, err := peer.Start(peer.Config{StateDir: dir, Listen: ":0", Name: name, Invite: &joined, Logger: logger})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := d.AwaitOnline(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("log in: %w", err), d.Close())
	}
	return d, nil
}

func (b *bulkPeer) answer(line string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	words := strings.Fields(line)
	switch {
	case len(words) == 3 && words[0] == "connect":
		return "connected", b.connect(ctx, words[1], api.Path(words[2]))
	case len(words) == 2 && words[0] == "path":
		row, err := findPeer(ctx, b.daemon, words[1])
		return string(row.Path), err
	case len(words) == 2 && words[0] == "accept":
		return "accepted", acceptFiles(b.daemon, words[1])
	case len(words) == 3 && words[0] == "file":
		size, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return "", err
		}
		return sendFile(b.daemon, b.dir, words[1], size)
	}
	if len(words) == 4 && words[0] == "deliver" {
		messages, err := strconv.Atoi(words[2])
		atOnce, failed := strconv.Atoi(words[3])
		if err := errors.Join(err, failed); err != nil {
			return "", err
		}
		return deliver(ctx, b.daemon, words[1], messages, atOnce)
	}
	d, err := fillDuration(line)
	if err != nil {
		return "", err
	}
	stream, err := b.daemon.OpenStream(ctx, b.other, peer.StreamDiscard)
	if err != nil {
		return "", err
	}
	return fill(stream, d)
}

// connect waits until the peer is known, has answered over a session, and the
// path is the wanted one.
func (b *bulkPeer) connect(ctx context.Context, name string, wanted api.Path) error {
	changes := b.daemon.Subscribe(ctx, api.TypePresence, api.TypePath)
	known, err := awaitPeer(ctx, b.daemon, changes, name, func(api.Peer) bool { return true })
	if err != nil {
		return err
	}
	if b.other, err = wire.ParseKey(known.Key); err != nil {
		return err
	}
	if _, err := b.daemon.Ping(ctx, name); err != nil {
		return err
	}
	_, err = awaitPeer(ctx, b.daemon, changes, name, func(p api.Peer) bool { return p.Path == wanted })
	return err
}

// awaitPeer looks at a peer at every change until the peer is known and as
// wanted.
func awaitPeer(ctx context.Context, d *peer.Daemon, changes <-chan api.Event, name string, wanted func(api.Peer) bool) (api.Peer, error) {
	for {
		row, err := findPeer(ctx, d, name)
		if err == nil && wanted(row) {
			return row, nil
		}
		select {
		case <-changes:
		case <-ctx.Done():
			return row, errors.Join(fmt.Errorf("wait for %s: %w; the path is %q", name, ctx.Err(), row.Path), err)
		}
	}
}

func findPeer(ctx context.Context, d *peer.Daemon, name string) (api.Peer, error) {
	peers, err := d.Peers(ctx)
	if err != nil {
		return api.Peer{}, err
	}
	return api.FindPeer(peers, name)
}

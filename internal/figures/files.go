//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer"
	"peerd/peer/api"
)

const (
	fileBound = 0.8
	// fileRounds is how often a file and a stream are measured in turns.
	fileRounds = 3
	fileSize   = 1 << 30
	// lossyFileSize takes a single connection half a minute on the lossy link.
	lossyFileSize = 32 << 20
	// lossyFillFor is long enough for QUIC to have met the loss many times.
	lossyFillFor = 10 * time.Second
	// filePatience bounds one transfer.
	filePatience = 3 * patience
)

// lossyLink is one of two: together 20 ms there and back and 1 % loss each way.
var lossyLink = natlab.Link{Delay: 5 * time.Millisecond, Loss: 0.005}

// measureFiles measures whole files, from the acceptance to the recipient's word
// that they are verified and on its disk, against one stream of a session between
// the same homes.
func measureFiles(b *bench) ([]row, error) {
	clean, err := b.moveFiles(fastLink, fileSize, fillFor, fileRounds)
	if err != nil {
		return nil, err
	}
	lossy, err := b.moveFiles(lossyLink, lossyFileSize, lossyFillFor, 1)
	if err != nil {
		return nil, err
	}
	share := ratio(clean.file, clean.stream)
	return []row{
		{
			figure:   "file: 1 GiB between two homes against a session's stream",
			measured: fmt.Sprintf("%.2f of the stream", share),
			bound:    "≥ 0.80",
			met:      share >= fileBound,
		},
		{figure: "  file", measured: rates(clean.file)},
		{figure: "  stream", measured: rates(clean.stream)},
		{
			figure:   "file: 32 MiB at 20 ms and 1 % loss against one stream",
			measured: fmt.Sprintf("%.1f times the stream", ratio(lossy.file, lossy.stream)),
		},
		{figure: "  file", measured: rates(lossy.file)},
		{figure: "  stream", measured: rates(lossy.stream)},
	}, nil
}

// moved are throughputs in Mbit/s, one value a round.
type moved struct{ file, stream []float64 }

// moveFiles moves a file and fills a stream between two homes, in turns.
func (b *bench) moveFiles(link natlab.Link, size int, fill time.Duration, rounds int) (m moved, err error) {
	err = onStage(b, fastLink, nil, func(lab *natlab.Lab, s *stage.Stage) error {
		alice, bob := lab.Home("alice-home", natlab.Masquerade, link), lab.Home("bob-home", natlab.Masquerade, link)
		peers, err := bulkPeers(s, [2]string{"alice", "bob"}, [2]*natlab.Host{alice.Host("alice"), bob.Host("bob")}, api.PathDirect)
		if err != nil {
			return err
		}
		if _, err := peers[1].ask("accept alice"); err != nil {
			return err
		}
		for n := range rounds {
			file, err := throughput(peers[0], fmt.Sprintf("file bob %d", size))
			if err != nil {
				return err
			}
			stream, err := throughput(peers[0], "fill "+fill.String())
			if err != nil {
				return err
			}
			m.file, m.stream = append(m.file, file), append(m.stream, stream)
			progress("file round %d of %d: file %.0f, stream %.0f Mbit/s", n+1, rounds, file, stream)
		}
		return nil
	})
	return m, err
}

// throughput has a child move something, and returns how fast that was.
func throughput(c *child, question string) (float64, error) {
	result, err := c.ask(question)
	if err != nil {
		return 0, err
	}
	return megabitsPerSecond(result)
}

// writeNoise makes a file of random content.
func writeNoise(path string, size int64) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, rand.NewChaCha8([32]byte{1}), size)
	return errors.Join(err, file.Close())
}

// sendFile makes a file, sends it to the peer and waits until it is there.
func sendFile(d *peer.Daemon, dir, to string, size int64) (string, error) {
	path := filepath.Join(dir, "file.bin")
	if err := writeNoise(path, size); err != nil {
		return "", err
	}
	defer os.Remove(path)
	ctx, cancel := context.WithTimeout(context.Background(), filePatience)
	defer cancel()
	events := d.Subscribe(ctx, api.TypeFile)
	offered, err := d.OfferFile(ctx, api.FileOffer{To: to, Path: path})
	start := time.Now()
	if err != nil {
		return "", err
	}
	for event := range events {
		switch row := event.(api.FileEvent); {
		case row.ID != offered.ID || !row.State.Final():
		case row.State == api.TransferDone:
			return filled(size, time.Since(start)), nil
		default:
			return "", fmt.Errorf("the file is %s: %s", row.State, row.Reason)
		}
	}
	return "", errors.Join(errors.New("the file did not arrive"), ctx.Err())
}

// acceptFiles has a daemon accept and delete whatever comes from a peer, until the
// test internet ends.
func acceptFiles(d *peer.Daemon, from string) error {
	ctx := context.Background()
	if _, err := d.FilePolicy(ctx, api.FilePolicy{Peer: from, Policy: api.PolicyAuto}); err != nil {
		return err
	}
	go func() {
		for event := range d.Subscribe(ctx, api.TypeFile) {
			if row := event.(api.FileEvent); row.State == api.TransferDone && strings.HasSuffix(row.Path, ".bin") {
				_ = os.Remove(row.Path) // the next one needs the room
			}
		}
	}()
	return nil
}

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer"
	"peerd/peer/api"
)

const (
	deliveryBound   = 10_000
	sequentialBound = 1_500
	// deliveryRounds is how often each is measured.
	deliveryRounds = 5
	// deliveryAtOnce is how many messages are under way at the same time: as many
	// callers share the fsyncs.
	deliveryAtOnce   = 512
	deliveryMessages = 40_000
	sequentialCount  = 2_000
	// ordinary is a message of an ordinary length, as people write them.
	ordinary = "a message of an ordinary length, as people write them"
)

// measureDelivery measures how many messages a second are accepted, delivered and
// known to be delivered, between two daemons on this machine that are processes of
// their own, on the disk of the temporary directory. Delivered is what the
// recipient's disk has been waited for, accepted what the sender's has.
func measureDelivery(b *bench) ([]row, error) {
	var together, alone []float64
	err := onStage(b, fastLink, nil, func(lab *natlab.Lab, s *stage.Stage) error {
		sender, err := bulkPair(s, [2]string{"alice", "bob"}, [2]*natlab.Host{
			lab.PublicHost("alice", fastLink), lab.PublicHost("bob", fastLink),
		}, api.PathDirect)
		if err != nil {
			return err
		}
		for range deliveryRounds {
			rate, err := deliveryRate(sender, "bob", deliveryMessages, deliveryAtOnce)
			if err != nil {
				return err
			}
			together = append(together, rate)
			if rate, err = deliveryRate(sender, "bob", sequentialCount, 1); err != nil {
				return err
			}
			alone = append(alone, rate)
			progress("delivery: %.0f messages/s together, %.0f one after another", together[len(together)-1], rate)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []row{
		{
			figure:   "delivery: durable messages between two peers",
			measured: perSecond(together),
			bound:    "median ≥ 10,000/s",
			met:      median(together) >= deliveryBound,
		},
		{
			figure:   "  strictly one after another",
			measured: perSecond(alone),
			bound:    "median ≥ 1,500/s",
			met:      median(alone) >= sequentialBound,
		},
	}, nil
}

// perSecond says what was measured of rates.
func perSecond(rates []float64) string {
	return fmt.Sprintf("median %.0f/s, worst %.0f/s, n %d", median(rates), slices.Min(rates), len(rates))
}

func deliveryRate(sender *child, to string, messages, atOnce int) (float64, error) {
	answer, err := sender.ask(fmt.Sprintf("deliver %s %d %d", to, messages, atOnce))
	if err != nil {
		return 0, err
	}
	var took time.Duration
	if _, err := fmt.Sscan(answer, (*int64)(&took)); err != nil || took <= 0 {
		return 0, fmt.Errorf("read a time from %q: %w", answer, err)
	}
	return float64(messages) / took.Seconds(), nil
}

// deliver sends messages to a peer, so many at once, each when the one before is
// known to be delivered, and returns how many nanoseconds that took.
func deliver(ctx context.Context, d *peer.Daemon, to string, messages, atOnce int) (string, error) {
	tickets := make(chan struct{}, messages)
	for range messages {
		tickets <- struct{}{}
	}
	close(tickets)
	failures := make(chan error, atOnce)
	var senders sync.WaitGroup
	start := time.Now()
	for range atOnce {
		senders.Go(func() {
			for range tickets {
				if err := deliverOne(ctx, d, to); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	senders.Wait()
	took := time.Since(start)
	close(failures)
	return fmt.Sprint(int64(took)), <-failures
}

func deliverOne(ctx context.Context, d *peer.Daemon, to string) error {
	sent, err := d.Send(ctx, api.SendRequest{To: to, Text: ordinary})
	if err != nil {
		return err
	}
	sent, err = d.WaitMessage(ctx, sent.ID, api.StateDelivered)
	if err == nil && !sent.State.Reached(api.StateDelivered) {
		err = errors.New("a message was not delivered in time")
	}
	return err
}

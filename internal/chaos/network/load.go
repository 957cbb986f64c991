//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/internal/chaos"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// A Load is messages from one peer to another, and what became of them.
type Load struct {
	from, to *stage.Peer
	ledger   *chaos.Ledger
	first    string // id of the first message of the last Send
	last     string // id of the last message
}

// load begins a load, which is audited when the story ends.
func (h *Homes) load(from, to *stage.Peer) *Load {
	l := &Load{from: from, to: to, ledger: chaos.NewLedger()}
	h.loads = append(h.loads, l)
	return l
}

// send has so many messages of so many bytes accepted, and waits for none to be
// delivered.
func (l *Load) send(ctx context.Context, count, size int) error {
	client := l.from.Client()
	defer client.Close()
	l.first = ""
	for range count {
		request := l.ledger.Draft(size)
		request.To = l.to.Name
		if _, err := client.Send(ctx, request); err != nil {
			return fmt.Errorf("%s sends to %s: %w", l.from.Name, l.to.Name, err)
		}
		l.ledger.Confirm(request.ID)
		if l.first == "" {
			l.first = request.ID
		}
		l.last = request.ID
	}
	return nil
}

// awaitFirst waits until the sender knows that the first message of the last send
// has been delivered.
func (l *Load) awaitFirst(ctx context.Context) error { return l.await(ctx, l.first) }

// awaitAll waits until the sender knows that its last message, and so all, have
// been delivered.
func (l *Load) awaitAll(ctx context.Context) error { return l.await(ctx, l.last) }

func (l *Load) await(ctx context.Context, id string) error {
	client := l.from.Client()
	defer client.Close()
	for {
		sent, err := client.WaitMessage(ctx, id, api.StateDelivered, time.Minute)
		switch {
		case err == nil && sent.State.Reached(api.StateDelivered):
			return nil
		case err != nil || ctx.Err() != nil:
			return fmt.Errorf("wait until a message from %s to %s is delivered: %w", l.from.Name, l.to.Name, errors.Join(err, context.Cause(ctx)))
		}
	}
}

// deliver sends messages and waits until they are delivered.
func (l *Load) deliver(ctx context.Context, count, size int) error {
	if err := l.send(ctx, count, size); err != nil {
		return err
	}
	return l.awaitAll(ctx)
}

// audit looks up what became of every message.
func (l *Load) audit(ctx context.Context) (chaos.Count, error) {
	client := l.to.Client()
	defer client.Close()
	history, err := client.Read(ctx, api.ReadRequest{From: l.from.Name})
	if err != nil {
		return chaos.Count{}, fmt.Errorf("read what %s has received: %w", l.to.Name, err)
	}
	return l.ledger.Audit(history), nil
}

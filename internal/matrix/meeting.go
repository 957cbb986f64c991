//go:build linux

package matrix

import (
	"context"
	"fmt"
	"time"

	"peerd/internal/stage"
	"peerd/peer/api"
)

// hangGuard bounds what should take a moment.
const hangGuard = 30 * time.Second

// aftermath is how long after a meeting flows still count where their number
// does: what was on its way to open some, or has not heard of the success yet.
const aftermath = 300 * time.Millisecond

// A Meeting is what came of one first message.
type Meeting struct {
	// Direct is how long after the message was sent both daemons had a
	// validated direct path; 0 if that did not happen in the bar's time.
	Direct    api.Milliseconds `json:"direct_ms,omitempty"`
	Transport api.Transport    `json:"transport,omitempty"` // of the direct path, the sender's
	// Arrived is how long after it was sent the message reached the recipient's
	// daemon.
	Arrived api.Milliseconds `json:"arrived_ms"`
	Flows   int              `json:"flows"` // that all routers opened since the message was sent
	// Reasons are why the sender and the recipient say that there is no direct
	// path.
	Reasons []api.Reason `json:"reasons,omitempty"`

	// Why and Logs are what the two daemons said about the path and what they
	// logged, for those who look into a meeting.
	Why  [2]api.Why `json:"-"`
	Logs [2]string  `json:"-"`
}

// IsDirect reports whether the meeting became direct in time.
func (m Meeting) IsDirect() bool { return m.Direct > 0 }

// meet sends the message and watches what it brings about.
func meet(bar Bar, p places, peers [2]*stage.Peer) (m Meeting, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), bar.Within+hangGuard)
	defer cancel()
	clients := [2]*api.Client{peers[0].Client(), peers[1].Client()}
	defer clients[0].Close()
	defer clients[1].Close()
	var watched [2]<-chan api.Event
	for i, client := range clients {
		if watched[i], err = watch(ctx, client); err != nil {
			return m, fmt.Errorf("watch %s: %w", peers[i].Name, err)
		}
	}
	before := p.flows()
	if _, err := clients[0].Send(ctx, api.SendRequest{To: peers[1].Name, Text: "hello"}); err != nil {
		return m, fmt.Errorf("send: %w", err)
	}
	if err := m.follow(bar.Within, watched); err != nil {
		return m, err
	}
	if bar.Flows > 0 {
		time.Sleep(aftermath)
	}
	m.Flows = p.flows() - before
	for i, client := range clients {
		if m.Why[i], err = explanation(ctx, client, peers[1-i].Name); err != nil {
			return m, fmt.Errorf("%s says why: %w", peers[i].Name, err)
		}
		if !m.IsDirect() {
			m.Reasons = append(m.Reasons, m.Why[i].Reason)
		}
	}
	return m, nil
}

// follow notes what the daemons of sender and recipient say, until the message
// has arrived and the path is direct on both sides or the time for that is
// over.
func (m *Meeting) follow(within time.Duration, watched [2]<-chan api.Event) error {
	deadline, hung := time.After(within), time.After(within+hangGuard)
	var sent, arrived time.Time
	var direct [2]time.Time
	timeIsOver := false
	for arrived.IsZero() || !timeIsOver && (direct[0].IsZero() || direct[1].IsZero()) {
		var event api.Event
		var side int
		select {
		case event = <-watched[0]:
		case event = <-watched[1]:
			side = 1
		case <-deadline:
			timeIsOver = true
			continue
		case <-hung:
			return fmt.Errorf("the message has not arrived within %v", within+hangGuard)
		}
		switch e := event.(type) {
		case nil:
			return fmt.Errorf("the events of %s ended", [...]string{"the sender", "the recipient"}[side])
		case api.Message:
			sent, arrived = e.SentAt.Time, e.ReceivedAt.Time
		case api.PathChange:
			if e.Path == api.PathDirect && direct[side].IsZero() {
				direct[side] = e.At.Time
				if side == 0 {
					m.Transport = e.Transport
				}
			}
		}
	}
	m.Arrived = api.Milliseconds(arrived.Sub(sent))
	if direct[0].IsZero() || direct[1].IsZero() {
		m.Transport = ""
		return nil
	}
	m.Direct = api.Milliseconds(max(direct[0].Sub(sent), direct[1].Sub(sent)))
	return nil
}

// watch returns the daemon's messages and changes of path from now on. The
// channel closes with ctx, or when the daemon ends.
func watch(ctx context.Context, client *api.Client) (<-chan api.Event, error) {
	subscription, err := client.Events(ctx, api.TypeMessage, api.TypePath)
	if err != nil {
		return nil, err
	}
	events := make(chan api.Event)
	go func() {
		defer close(events)
		defer subscription.Close()
		for event, err := range subscription.All() {
			if err != nil {
				return
			}
			select {
			case events <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}

// explanation is why the path is what it is, once no other is being tried.
func explanation(ctx context.Context, client *api.Client, peer string) (api.Why, error) {
	for {
		why, err := client.Why(ctx, peer)
		if err != nil || why.Reason != api.ReasonPunching {
			return why, err
		}
		select {
		case <-time.After(100 * time.Millisecond): // nothing announces it
		case <-ctx.Done():
			return why, ctx.Err()
		}
	}
}

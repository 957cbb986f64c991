//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// A meeting is what two peers that have never talked go through, on a lab and
// with state of their own: both log in, alice sends one message, and a direct
// path is found. The figures cold, direct and login are read off it.
type meeting struct {
	logins []login // alice's and bob's

	// The rest counts from the message's sent_at, when the request of its
	// sender has reached alice's daemon.
	received  time.Duration // until its received_at: bob's daemon has opened it
	delivered time.Duration // until bob's subscriber sees it, which happens after the fsync
	direct    time.Duration // until both daemons have said that their path is direct
}

// meet returns b.runs meetings, held once.
func (b *bench) meet() ([]meeting, error) {
	for len(b.meetings) < b.runs {
		m, err := b.meetOnce()
		if err != nil {
			return nil, fmt.Errorf("meeting %d: %w", len(b.meetings)+1, err)
		}
		b.meetings = append(b.meetings, m)
		progress("meeting %d of %d: message after %v, direct after %v", len(b.meetings), b.runs, m.delivered, m.direct)
	}
	return b.meetings, nil
}

func (b *bench) meetOnce() (m meeting, err error) {
	err = onStage(b, vpsLink, nil, func(lab *natlab.Lab, s *stage.Stage) error {
		var peers [2]*stage.Peer
		for i, name := range [...]string{"alice", "bob"} {
			host := lab.Home(name+"-home", natlab.Masquerade, homeLink).Host(name)
			l, p, err := timeLogin(s, host, name)
			if err != nil {
				return err
			}
			peers[i], m.logins = p, append(m.logins, l)
		}
		if err := stage.Meet(peers[0], peers[1]); err != nil {
			return err
		}
		return m.talk(peers[0].Client(), peers[1].Client())
	})
	return m, err
}

// talk sends the message and watches what it brings about.
func (m *meeting) talk(alice, bob *api.Client) error {
	defer alice.Close()
	defer bob.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	var message api.Message
	var deliveredAt, aliceDirect, bobDirect time.Time
	messages, err := watch(ctx, bob, api.TypeMessage, func(e api.Event) bool {
		message, deliveredAt = e.(api.Message), time.Now()
		return true
	})
	if err != nil {
		return err
	}
	alicePaths, err := watch(ctx, alice, api.TypePath, untilDirect(&aliceDirect))
	if err != nil {
		return err
	}
	bobPaths, err := watch(ctx, bob, api.TypePath, untilDirect(&bobDirect))
	if err != nil {
		return err
	}
	if _, err := alice.Send(ctx, api.SendRequest{To: "bob", Text: "hello"}); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if err := errors.Join(<-messages, <-alicePaths, <-bobPaths); err != nil {
		return err
	}
	sent := message.SentAt.Time
	m.received, m.delivered = message.ReceivedAt.Sub(sent), deliveredAt.Sub(sent)
	m.direct = max(aliceDirect.Sub(sent), bobDirect.Sub(sent))
	return nil
}

// watch calls seen for events of one type until it has seen what it waits for.
// Then, or when that does not come, there is a result in done.
func watch(ctx context.Context, client *api.Client, of api.EventType, seen func(api.Event) bool) (done <-chan error, err error) {
	events, err := client.Events(ctx, of)
	if err != nil {
		return nil, fmt.Errorf("watch for a %s: %w", of, err)
	}
	result := make(chan error, 1)
	go func() {
		defer events.Close()
		for event, err := range events.All() {
			if err != nil {
				result <- fmt.Errorf("wait for a %s: %w", of, err)
				return
			}
			if seen(event) {
				result <- nil
				return
			}
		}
		result <- fmt.Errorf("wait for a %s: %w", of, ctx.Err())
	}()
	return result, nil
}

// untilDirect notes when the daemon says that the path has become direct.
func untilDirect(at *time.Time) func(api.Event) bool {
	return func(e api.Event) bool {
		change := e.(api.PathChange)
		*at = change.At.Time
		return change.Path == api.PathDirect
	}
}

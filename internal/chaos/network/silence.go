//go:build linux

package network

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/api"
)

// noticeBar is how soon somebody has to notice that who does not answer is not
// there.
const noticeBar = 30 * time.Second

const noticeText = "noticed <= 30 s"

// silenceStories have somebody fall silent without a word.
func silenceStories() []Story {
	return []Story{
		{"a control connection is half-open", noticeText, false, halfOpen},
		{"a home vanishes", noticeText, true, vanished},
		{"the sender is suspended", noticeText, true, func(ctx context.Context, h *Homes, scale Scale) (outcome, error) {
			return suspended(ctx, h, scale, h.Alice.Process(), func() (time.Duration, error) { return awaitPresence(ctx, h.Bob, h.Alice, false) })
		}},
		{"the recipient is suspended", noticeText, false, func(ctx context.Context, h *Homes, scale Scale) (outcome, error) {
			return suspended(ctx, h, scale, h.Bob.Process(), func() (time.Duration, error) { return awaitPresence(ctx, h.Alice, h.Bob, false) })
		}},
		{"the rendezvous is suspended", noticeText, false, func(ctx context.Context, h *Homes, scale Scale) (outcome, error) {
			return suspended(ctx, h, scale, h.Stage.Rendezvous(), func() (time.Duration, error) { return awaitLogin(ctx, h.Alice, false) })
		}},
	}
}

// halfOpen silences alice's control connection.
func halfOpen(ctx context.Context, h *Homes, _ Scale) (outcome, error) {
	load := h.load(h.Alice, h.Bob)
	if err := load.deliver(ctx, 1, 0); err != nil {
		return outcome{}, err
	}
	if n := h.AliceHome.SilenceTCP(); n == 0 {
		return outcome{}, errors.New("there is no connection to silence")
	}
	noticed, err := awaitLogin(ctx, h.Alice, false)
	if err != nil {
		return outcome{}, err
	}
	if _, err := awaitLogin(ctx, h.Alice, true); err != nil {
		return outcome{}, err
	}
	return within(noticeBar, noticed), load.deliver(ctx, 100, 0)
}

// vanished has alice see that bob's home is gone, and bob come back.
func vanished(ctx context.Context, h *Homes, _ Scale) (outcome, error) {
	load := h.load(h.Alice, h.Bob)
	if err := load.deliver(ctx, 1, 0); err != nil {
		return outcome{}, err
	}
	h.BobHome.SetDown()
	noticed, err := awaitPresence(ctx, h.Alice, h.Bob, false)
	if err != nil {
		return outcome{}, err
	}
	if err := load.send(ctx, 100, 0); err != nil {
		return outcome{}, err
	}
	h.BobHome.SetUp()
	return within(noticeBar, noticed), load.awaitAll(ctx)
}

// suspended stops a program for as long as an outage lasts, with messages under way,
// and returns how long it took to be noticed.
func suspended(ctx context.Context, h *Homes, scale Scale, victim *natlab.Process, notice func() (time.Duration, error)) (outcome, error) {
	forth, back := h.load(h.Alice, h.Bob), h.load(h.Bob, h.Alice)
	if err := errors.Join(forth.deliver(ctx, 1, 0), back.deliver(ctx, 1, 0)); err != nil {
		return outcome{}, err
	}
	sending := []*Load{forth, back}
	for i, p := range []*stage.Peer{h.Alice, h.Bob} {
		if p.Process() == victim { // it accepts nothing while it is stopped
			if err := sending[i].send(ctx, 50, 0); err != nil {
				return outcome{}, err
			}
			sending = append(sending[:i], sending[i+1:]...)
			break
		}
	}
	victim.Signal(syscall.SIGSTOP)
	end := time.Now().Add(scale.Outage)
	for _, load := range sending {
		if err := load.send(ctx, 50, 0); err != nil {
			return outcome{}, err
		}
	}
	noticed, err := notice()
	if err != nil {
		return outcome{}, err
	}
	time.Sleep(time.Until(end)) // the suspension lasts
	victim.Signal(syscall.SIGCONT)
	for _, p := range []*stage.Peer{h.Alice, h.Bob} {
		if _, err := awaitLogin(ctx, p, true); err != nil {
			return outcome{}, err
		}
	}
	return within(noticeBar, noticed), errors.Join(forth.deliver(ctx, 1, 0), back.deliver(ctx, 1, 0))
}

// awaitLogin waits until a peer is logged in, or is not, and returns how long that
// took.
func awaitLogin(ctx context.Context, p *stage.Peer, wanted bool) (time.Duration, error) {
	client := p.Client()
	defer client.Close()
	return poll(ctx, fmt.Sprintf("%s is logged in is %v", p.Name, wanted), func() (bool, error) {
		status, err := client.Status(ctx)
		return (status.Rendezvous.State == api.RendezvousOnline) == wanted, err
	})
}

// awaitPresence waits until a peer sees another online, or away.
func awaitPresence(ctx context.Context, p, other *stage.Peer, wanted bool) (time.Duration, error) {
	client := p.Client()
	defer client.Close()
	return poll(ctx, fmt.Sprintf("%s sees %s online is %v", p.Name, other.Name, wanted), func() (bool, error) {
		peers, err := client.Peers(ctx)
		for _, peer := range peers {
			if peer.Name == other.Name {
				return peer.Online == wanted, err
			}
		}
		return false, err
	})
}

// poll returns how long it took until a condition held; nothing announces it.
func poll(ctx context.Context, what string, holds func() (bool, error)) (time.Duration, error) {
	start := time.Now()
	for {
		ok, err := holds()
		if ok && err == nil {
			return time.Since(start), nil
		}
		if err != nil || ctx.Err() != nil {
			return 0, fmt.Errorf("wait until %s: %w", what, errors.Join(err, context.Cause(ctx)))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

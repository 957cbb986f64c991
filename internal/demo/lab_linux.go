package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"peerd/internal/narrate"
	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// The one-way delays of the story: a home's access line, and a VPS nearby.
const (
	homeDelay = 20 * time.Millisecond
	vpsDelay  = 5 * time.Millisecond
)

// The round trips that follow from them, whatever the programs do.
const (
	relayRoundTrip  = 2 * (2*homeDelay + 2*vpsDelay)
	directRoundTrip = 2 * (2 * homeDelay)
)

// enterLab is natlab.Enter in the words of this program.
func enterLab(program func() int) (int, error) {
	code, err := natlab.Enter(program)
	if errors.Is(err, natlab.ErrUnavailable) {
		return 0, fmt.Errorf("%w: %w", errNoLab, err)
	}
	return code, err
}

// theatre is where the story is played.
type theatre struct {
	*narrate.Narrator
	lab                *natlab.Lab
	stage              *stage.Stage
	aliceHome, bobHome *natlab.Home
	aliceHost, bobHost *natlab.Host
	alice, bob         *stage.Peer
}

// inLab plays the story in a network lab, and removes all of it afterwards. It
// returns an error unless a message was delivered over a direct path.
func inLab(ctx context.Context, binaries string, n *narrate.Narrator) (err error) {
	dir, err := os.MkdirTemp("", "peerd-demo-*")
	if err != nil {
		return fmt.Errorf("make temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lab, err := natlab.Open()
	if err != nil {
		return err
	}
	defer lab.Close()
	// An interruption ends every program, and with it every wait for one.
	defer context.AfterFunc(ctx, lab.Close)()

	t := &theatre{Narrator: n, lab: lab}
	vps := lab.PublicHost("vps", natlab.Link{Delay: vpsDelay})
	t.aliceHome = lab.Home("alice-home", natlab.Masquerade, natlab.Link{Delay: homeDelay})
	t.bobHome = lab.Home("bob-home", natlab.Masquerade, natlab.Link{Delay: homeDelay})
	t.aliceHost, t.bobHost = t.aliceHome.Host("alice"), t.bobHome.Host("bob")
	t.stage = stage.New(vps, binaries, dir)
	if err := lab.Err(); err != nil {
		return err
	}
	return t.play(ctx)
}

// play plays the acts in order.
func (t *theatre) play(ctx context.Context) error {
	t.Title("Two homes and a VPS, in network namespaces of this machine: the real programs, the kernel's own NAT.")
	t.Picture(picture(t.stage.Endpoint(), t.aliceHome, t.bobHome, t.aliceHost, t.bobHost))
	for _, act := range []func() error{
		t.rendezvousStarts, t.peersJoin, t.firstMessage, t.secondMessage, t.bobAway, t.rendezvousDies,
	} {
		err := act()
		// What the lab could not do is the cause of what then went wrong.
		if err := cmp.Or(ctx.Err(), t.lab.Err(), err); err != nil {
			return err
		}
	}
	t.Say("done: every message delivered, once, end to end encrypted; programs, homes and files are removed")
	return nil
}

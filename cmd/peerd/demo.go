package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"peerd/internal/invite"
	"peerd/internal/narrate"
	"peerd/peer"
	"peerd/peer/api"
	"peerd/rendezvous"
)

// demoPatience bounds each step of the tour.
const demoPatience = 20 * time.Second

func newDemo(io stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Tour everything on this machine: no root, no network, nothing left behind",
		Long: `Tour everything on this machine: a rendezvous and two peers in this process, on
loopback, with temporary state. No root, no network, nothing left behind. Ends
with exit code 0 if a message was delivered over a direct path.`,
		Args: noArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return playDemo(command.Context(), io)
		},
	}
}

// tour is the demonstration under way: a rendezvous and two daemons in this
// process, on loopback.
type tour struct {
	*narrate.Narrator
	dir    string
	server *rendezvous.Server
	invite invite.Invite
}

// playDemo plays the main job and narrates it with real timings. It returns an
// error unless a message was delivered over a direct path.
func playDemo(ctx context.Context, io stdio) (err error) {
	dir, err := os.MkdirTemp("", "peerd-demo-*")
	if err != nil {
		return fmt.Errorf("make temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t := &tour{Narrator: narrate.New(io.out), dir: dir}
	t.Title("A tour on this machine's loopback address: real daemons, real sockets, no routers in between.")

	stop, err := t.startRendezvous(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	alice, err := t.join(ctx, "alice")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, alice.Close()) }()
	if err := t.visitBob(ctx, alice); err != nil {
		return err
	}
	return t.offlineBob(ctx, alice)
}

// visitBob lets bob come online, talk, find a direct path, and leave.
func (t *tour) visitBob(ctx context.Context, alice *peer.Daemon) error {
	presence := alice.Subscribe(ctx, api.TypePresence)
	bob, err := t.join(ctx, "bob")
	if err != nil {
		return err
	}
	defer bob.Close()
	if err := t.awaitEvent(ctx, presence); err != nil {
		return fmt.Errorf("wait for bob's login to be announced: %w", err)
	}
	t.Say("alice hears of it: the rendezvous tells the circle who is there, and never where")

	paths := alice.Subscribe(ctx, api.TypePath)
	if _, err := t.send(ctx, alice, "hello bob"); err != nil {
		return err
	}
	t.Note("it did not wait for a path: it travelled sealed, inside the request to be introduced")
	if err := t.awaitDirect(ctx, alice, paths); err != nil {
		return err
	}
	second, err := t.send(ctx, alice, "and this one comes directly")
	if err != nil {
		return err
	}
	if second.Path != api.PathDirect {
		return fmt.Errorf("the second message took the path %q, not a direct one", second.Path)
	}
	return t.read(ctx, alice, bob, second)
}

// read lets bob read, and alice hear of it.
func (t *tour) read(ctx context.Context, alice, bob *peer.Daemon, last api.Sent) error {
	rows, err := bob.Read(ctx, api.ReadRequest{Unread: true})
	if err != nil {
		return err
	}
	for _, row := range rows {
		t.Note("bob reads from %s: %s", row.From, row.Text)
	}
	if err := bob.MarkRead(ctx, api.ReadMark{UpTo: last.ID, Receipt: true}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	sent, err := alice.WaitMessage(ctx, last.ID, api.StateRead)
	if err != nil || sent.State != api.StateRead {
		return errors.Join(errors.New("no read receipt came back"), err)
	}
	t.Say("alice sees that bob has read them")
	return nil
}

// offlineBob sends to bob while he is away, and brings him back.
func (t *tour) offlineBob(ctx context.Context, alice *peer.Daemon) error {
	sent, err := alice.Send(ctx, api.SendRequest{To: "bob", Text: "for when you are back"})
	if err != nil {
		return err
	}
	t.Say("bob leaves; a message to him is %s on alice's disk", sent.State)
	bob, err := t.join(ctx, "bob")
	if err != nil {
		return err
	}
	defer bob.Close()
	start := time.Now()
	if err := t.awaitDelivery(ctx, alice, sent); err != nil {
		return err
	}
	t.Say("bob is back: the message is on his disk %s later", narrate.Milliseconds(time.Since(start)))
	t.Say("done: every message delivered, once, end to end encrypted; the daemons and %s are removed", t.dir)
	return nil
}

// startRendezvous starts the rendezvous; the function it returns stops it.
func (t *tour) startRendezvous(ctx context.Context) (stop func() error, err error) {
	start := time.Now()
	t.server, err = rendezvous.Open(rendezvous.Config{
		Listen:    "127.0.0.1:0",
		StateDir:  filepath.Join(t.dir, "rendezvous"),
		Advertise: "127.0.0.1",
		Logger:    zerolog.Nop(),
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- t.server.Serve(ctx) }()
	stop = func() error {
		cancel()
		return <-served
	}
	t.invite, err = t.server.CreateInvite(2, time.Hour)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	t.invite.Address = t.server.Addr().String()
	t.Say("the rendezvous listens on %s after %s", t.server.Addr(), narrate.Milliseconds(time.Since(start)))
	return stop, nil
}

// join starts a daemon and waits until it is logged in.
func (t *tour) join(ctx context.Context, name string) (*peer.Daemon, error) {
	start := time.Now()
	d, err := peer.Start(peer.Config{
		StateDir: filepath.Join(t.dir, name),
		Listen:   "127.0.0.1:0",
		Name:     name,
		Invite:   &t.invite,
		Logger:   zerolog.Nop(),
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	if err := d.AwaitOnline(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s logs in: %w", name, err), d.Close())
	}
	t.Say("%s is logged in after %s", name, narrate.Milliseconds(time.Since(start)))
	return d, nil
}

// send sends a message from alice to bob and waits until it is on his disk.
func (t *tour) send(ctx context.Context, alice *peer.Daemon, text string) (api.Sent, error) {
	sent, err := alice.Send(ctx, api.SendRequest{To: "bob", Text: text})
	if err != nil {
		return sent, err
	}
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	sent, err = alice.WaitMessage(ctx, sent.ID, api.StateDelivered)
	if err != nil || !sent.State.Reached(api.StateDelivered) {
		return sent, errors.Join(fmt.Errorf("message %q is %s, not delivered", text, sent.State), err)
	}
	t.Say("alice sends %q: %s in %s, %s", text, sent.State, narrate.Milliseconds(time.Duration(sent.Elapsed)), sent.Path)
	return sent, nil
}

func (t *tour) awaitDelivery(ctx context.Context, alice *peer.Daemon, sent api.Sent) error {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	sent, err := alice.WaitMessage(ctx, sent.ID, api.StateDelivered)
	if err == nil && !sent.State.Reached(api.StateDelivered) {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("message to bob is %s, not delivered: %w", sent.State, err)
	}
	return nil
}

// awaitDirect waits for a direct path from alice to bob.
func (t *tour) awaitDirect(ctx context.Context, alice *peer.Daemon, paths <-chan api.Event) error {
	for {
		peers, err := alice.Peers(ctx)
		if err != nil {
			return err
		}
		bob, err := api.FindPeer(peers, "bob")
		if err != nil {
			return err
		}
		if bob.Path == api.PathDirect {
			t.Say("a direct path: %s to %s, bob's socket, round trip %s", bob.Transport, bob.Endpoint, narrate.Milliseconds(time.Duration(bob.RTT)))
			return nil
		}
		if err := t.awaitEvent(ctx, paths); err != nil {
			return fmt.Errorf("wait for a direct path: %w", err)
		}
	}
}

func (t *tour) awaitEvent(ctx context.Context, events <-chan api.Event) error {
	select {
	case <-events:
		return nil
	case <-time.After(demoPatience):
		return errors.New("nothing happened in time")
	case <-ctx.Done():
		return ctx.Err()
	}
}

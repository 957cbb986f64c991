package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"peerd/internal/exitcode"
	"peerd/internal/printable"
	"peerd/peer/api"
)

// answerGrace is how much longer than the user's timeout we wait for the daemon's
// word on what was wanted: that a message is stored, and how far it has come, or why
// there is no direct path. Less would, on a host that is busy, report messages as
// failed that are on their way.
const answerGrace = 5 * time.Second

func (a *app) sendCommand() *cobra.Command {
	wait := string(api.StateDelivered)
	command := &cobra.Command{
		Use:   "send PEER... [TEXT|-]",
		Short: "Send a message to one or more peers",
		Long: `Send a message to one or more peers.

With two or more arguments the last one is the text. "-", or no text at all, reads
the text from stdin, without its last line break. A message is UTF-8 text of at
most 64 KiB.

A message is safe on this peer's disk before anything else happens. It is sent
again until the recipient has it, even if this command gives up waiting (exit
code 6).

A user of the classic protocol (classic/NAME, see peers) gets it as one datagram:
unencrypted, not repeated, and not acknowledged, so "sent" is the most there is.`,
		Example: `  peerctl send bob "see you at eight"
  peerctl send bob carol "see you at eight"
  date | peerctl send bob --wait read`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeRecipients,
	}
	command.Flags().StringVar(&wait, "wait", wait, "wait until it is stored, sent, delivered or read")
	command.RunE = a.with(func(ctx context.Context, client *api.Client, args []string) error {
		wanted, err := api.ParseState(wait)
		if err != nil {
			return usage(err)
		}
		peers, text, err := a.message(ctx, "peerctl send PEER", args)
		if err != nil {
			return err
		}
		return a.send(ctx, client, peers, text, func(peer string) api.State {
			if api.IsClassic(peer) && !command.Flags().Changed("wait") {
				return api.StateSent
			}
			return wanted
		})
	})
	return command
}

// message tells recipients from text, and reads the text from stdin where the
// arguments have none. Without any, the user is told how to give one to the command.
func (a *app) message(ctx context.Context, command string, args []string) (peers []string, text string, err error) {
	peers = args
	if last := len(args) - 1; last > 0 {
		peers, text = args[:last], args[last]
	}
	switch {
	case len(args) > 1 && text != "-":
	case len(args) == 1 && a.interactive():
		return nil, "", failure(api.CodeUsage, a.text.NoText, command)
	default:
		if text, err = readText(a.input(ctx)); err != nil {
			return nil, "", err
		}
	}
	if len(text) > api.MaxText {
		return nil, "", failure(api.CodeUsage, a.text.TextTooLong, api.MaxText)
	}
	return peers, text, api.CheckText(text)
}

// readText reads a message without its last line break. Of one that is too long
// it reads just enough to tell.
func readText(in io.Reader) (string, error) {
	const lineBreak = len("\r\n")
	raw, err := io.ReadAll(io.LimitReader(in, api.MaxText+int64(lineBreak)+1))
	if err != nil {
		return "", fmt.Errorf("read the message from stdin: %w", err)
	}
	text, found := strings.CutSuffix(string(raw), "\n")
	if found {
		text = strings.TrimSuffix(text, "\r")
	}
	return text, nil
}

// delivery is one message on its way to one peer.
type delivery struct {
	peer   string    // as the user wrote it
	wanted api.State // how far it is to come
	sent   api.Sent
	steps  []api.Sent // states worth showing that were passed, in order
	err    error
}

// send stores the message for every peer, then waits for all of them at once,
// and shows the outcomes in the order of the arguments. wanted says how far to
// wait for each.
func (a *app) send(ctx context.Context, client *api.Client, peers []string, text string, wanted func(peer string) api.State) error {
	deliveries := make([]delivery, len(peers))
	start := time.Now()
	for i, peer := range peers {
		d := &deliveries[i]
		d.peer, d.wanted = peer, wanted(peer)
		d.sent, d.err = a.store(ctx, client, peer, text)
	}
	var waits sync.WaitGroup
	for i := range deliveries {
		d := &deliveries[i]
		if d.err == nil {
			waits.Go(func() { d.err = a.follow(ctx, client, d, start.Add(a.timeout)) })
		}
	}
	waits.Wait()
	return a.showDeliveries(ctx, deliveries)
}

func (a *app) store(ctx context.Context, client *api.Client, peer, text string) (api.Sent, error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout+answerGrace)
	defer cancel()
	return client.Send(ctx, api.SendRequest{To: peer, Text: text})
}

// follow waits until the message has come as far as wanted, at most until deadline.
// For a wanted read it also takes note of the delivery, which people want to see.
func (a *app) follow(ctx context.Context, client *api.Client, d *delivery, deadline time.Time) error {
	for _, step := range []api.State{api.StateSent, api.StateDelivered, api.StateRead} {
		if !d.wanted.Reached(step) || (step == api.StateSent && d.wanted != step) {
			continue
		}
		within := max(0, time.Until(deadline))
		limited, cancel := context.WithTimeout(ctx, within+answerGrace)
		sent, err := client.WaitMessage(limited, d.sent.ID, step, within)
		cancel()
		if err != nil {
			return err
		}
		d.sent = sent
		if !sent.State.Reached(step) {
			return nil
		}
		d.steps = append(d.steps, sent)
	}
	return nil
}

// showDeliveries shows every message that was stored and reports what went
// wrong. The error is the worst of all.
func (a *app) showDeliveries(ctx context.Context, deliveries []delivery) error {
	var t table
	code := exitcode.OK
	for _, d := range deliveries {
		if d.sent.ID == "" {
			continue
		}
		if a.json {
			if err := a.row(d.sent); err != nil {
				return err
			}
			continue
		}
		t.add(d.sent.To, a.progress(d))
	}
	if len(deliveries) == 1 && len(t) == 1 {
		t[0] = t[0][1:]
	}
	if err := a.print(t); err != nil {
		return err
	}
	for _, d := range deliveries {
		err := d.err
		if err == nil && !d.sent.State.Reached(d.wanted) {
			err = a.notReached(d.sent, d.wanted)
		}
		if err != nil {
			code = worse(code, a.finish(ctx, err))
		}
	}
	if code != exitcode.OK {
		return reported{code}
	}
	return nil
}

func (a *app) notReached(sent api.Sent, wanted api.State) error {
	if sent.Classic {
		return failure(api.CodeNotReached, a.text.Classic.NoReturn, sent.To)
	}
	if sent.State.Reached(api.StateDelivered) {
		return failure(api.CodeNotReached, a.text.NotRead, sent.To, a.timeout)
	}
	return failure(api.CodeNotReached, a.text.NotDelivered, sent.To, word(a.text.State, wanted), a.timeout)
}

// progress describes how far a message has come: sent → delivered 21ms (direct).
func (a *app) progress(d delivery) string {
	text := word(a.text.State, api.StateQueued)
	if d.sent.State.Reached(api.StateSent) {
		text = word(a.text.State, api.StateSent)
	}
	for i, s := range d.steps {
		if !s.State.Reached(api.StateDelivered) {
			continue
		}
		text += " → " + word(a.text.State, s.State) + " " + duration(s.Elapsed)
		if i == 0 {
			text += " (" + word(a.text.Path, s.Path) + ")"
		}
		if s.State == api.StateRead {
			break
		}
	}
	if d.sent.Classic {
		text = fill(a.text.Classic.Marked, text)
	}
	return printable.Line(text)
}

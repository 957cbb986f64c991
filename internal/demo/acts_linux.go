package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"peerd/internal/exitcode"
	"peerd/internal/invite"
	"peerd/internal/narrate"
	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// patience bounds each wait for something that happens by itself.
const patience = 10 * time.Second

func (t *theatre) rendezvousStarts() error {
	start := time.Now()
	if err := t.stage.StartRendezvous(); err != nil {
		return err
	}
	t.Say("rendezvous run: it is up after %s and prints an invite", since(start))
	t.Note("%s   (the rest is secret)", shortened(t.stage.Invite))
	return nil
}

// shortened shows where an invite leads, some of the server's key, and nothing
// of the token.
func shortened(secret string) string {
	parsed, err := invite.Parse(secret)
	if err != nil {
		return "an invite"
	}
	before, _, _ := strings.Cut(parsed.Redacted(), "#")
	return before + "#" + parsed.Server.String()[:8] + "…"
}

func (t *theatre) peersJoin() error {
	var err error
	if t.alice, err = t.joins(func() (*stage.Peer, error) { return t.stage.Peer(t.aliceHost, "alice") }, "alice"); err != nil {
		return err
	}
	if t.bob, err = t.joins(func() (*stage.Peer, error) { return t.stage.Peer(t.bobHost, "bob") }, "bob"); err != nil {
		return err
	}
	if result := t.alice.Ctl("wait", "online", "bob"); result.ExitCode != exitcode.OK {
		return failed("alice does not see bob online", result, nil)
	}
	t.Say("alice hears of it: the rendezvous tells the circle who is there, and never where")
	return nil
}

// joins starts a peer and says how long its login took, and what it found.
func (t *theatre) joins(start func() (*stage.Peer, error), name string) (*stage.Peer, error) {
	began := time.Now()
	p, err := start()
	if err != nil {
		return nil, err
	}
	t.Say("peerd run: %s is logged in after %s", name, since(began))
	rows, result, err := p.Rows("status")
	if err != nil || len(rows) == 0 {
		return nil, failed("ask "+name+" for the status", result, err)
	}
	nat, _ := rows[0]["nat"].(map[string]any)
	t.Note("its router shows it to the world as %v", nat["observed"])
	return p, nil
}

func (t *theatre) firstMessage() error {
	sent, err := send(t.alice, "hello bob")
	if err != nil {
		return err
	}
	began := time.Now()
	t.Say(`peerctl send bob "hello bob": %s`, outcome(sent))
	t.Note("there is no path yet: it travelled sealed, inside the request to be introduced")
	t.Note("(to bob and back by way of the VPS the wire alone takes %v)", relayRoundTrip)
	if err := t.directPath(); err != nil {
		return err
	}
	t.Note("both fired at the same instant, so each router took the other's probe for an answer;")
	t.Note("it was ready %s after the message (a round trip on the wire: %v)", since(began), directRoundTrip)
	return nil
}

// directPath waits until alice has a direct path to bob, which must end at his
// router.
func (t *theatre) directPath() error {
	rows, result, err := t.alice.Rows("--timeout", patience.String(), "wait", "direct", "bob")
	if err != nil || result.ExitCode != exitcode.OK || len(rows) == 0 {
		return failed("no direct path to bob came about", result, err)
	}
	row := rows[len(rows)-1]
	endpoint, err := netip.ParseAddrPort(row.Text("endpoint"))
	if err != nil || endpoint.Addr() != t.bobHome.Addr() {
		return fmt.Errorf("the direct path leads to %q, not to bob's router %v", row.Text("endpoint"), t.bobHome.Addr())
	}
	t.Say("a direct path: %s to %v, bob's router, round trip %.1f ms", row.Text("transport"), endpoint, row.Number("rtt_ms"))
	return nil
}

// ping measures a round trip of the session over the path in use.
func (t *theatre) ping() error {
	rows, result, err := t.alice.Rows("ping", "bob", "-c", "1")
	if err != nil || result.ExitCode != exitcode.OK || len(rows) != 1 {
		return failed("ping bob", result, err)
	}
	t.Say("peerctl ping bob: %.1f ms, %s", rows[0].Number("rtt_ms"), rows[0].Text("path"))
	return nil
}

func (t *theatre) secondMessage() error {
	if err := t.ping(); err != nil {
		return err
	}
	sent, err := sendDirectly(t.alice, "and this one goes straight to you")
	if err != nil {
		return err
	}
	t.Say(`peerctl send bob "and this one …": %s`, outcome(sent))
	return nil
}

func (t *theatre) bobAway() error {
	if code := t.bob.Stop(); code != exitcode.OK {
		return fmt.Errorf("bob's peerd ended with exit code %d", code)
	}
	rows, result, err := t.alice.Rows("send", "bob", "for when you are back", "--wait", "stored")
	if err != nil || result.ExitCode != exitcode.OK || len(rows) != 1 {
		return failed("send to bob while he is away", result, err)
	}
	t.Say("bob switches off; peerctl send bob: %s on alice's disk", rows[0].Text("state"))
	began := time.Now()
	if err := t.bob.Start(); err != nil {
		return err
	}
	after, err := t.received("for when you are back", began)
	if err != nil {
		return err
	}
	t.Say("bob switches on: the message is on his disk %s after his peerd was started", narrate.Milliseconds(after))
	return nil
}

// received waits until bob has a text and returns how long after began it was
// stored.
func (t *theatre) received(text string, began time.Time) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		rows, _, err := t.bob.Rows("read", "alice", "--no-receipt")
		if err != nil {
			return 0, err
		}
		for _, row := range rows {
			if row.Text("text") == text {
				at, err := time.Parse(time.RFC3339Nano, row.Text("received_at"))
				return at.Sub(began), err
			}
		}
		if err := t.lab.Err(); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("the message %q did not arrive within %v", text, patience)
}

func (t *theatre) rendezvousDies() error {
	if err := t.directPath(); err != nil {
		return err
	}
	if err := t.ping(); err != nil { // the session with bob's new instance is up
		return err
	}
	t.stage.KillRendezvous()
	sent, err := sendDirectly(t.alice, "nobody in between")
	if err != nil {
		return err
	}
	t.Say("kill -9 rendezvous; peerctl send bob: %s all the same", outcome(sent))
	t.Note("it introduces peers; what they say to each other does not need it")
	return nil
}

// send sends to bob, which has to be delivered.
func send(from *stage.Peer, text string) (stage.Row, error) {
	rows, result, err := from.Rows("--timeout", patience.String(), "send", "bob", text)
	if err != nil || result.ExitCode != exitcode.OK || len(rows) != 1 {
		return nil, failed(fmt.Sprintf("send %q to bob", text), result, err)
	}
	return rows[0], nil
}

// sendDirectly is send for a message that has to take the direct path.
func sendDirectly(from *stage.Peer, text string) (stage.Row, error) {
	sent, err := send(from, text)
	if err == nil && sent.Text("path") != "direct" {
		err = errors.New("the message took the path " + sent.Text("path") + ", not the direct one")
	}
	return sent, err
}

// failed says what a peerctl did not do, and what it said itself.
func failed(what string, result natlab.Result, err error) error {
	return errors.Join(fmt.Errorf("%s: peerctl ended with exit code %d: %s", what, result.ExitCode, strings.TrimSpace(result.Stderr)), err)
}

// outcome describes a row of peerctl send.
func outcome(sent stage.Row) string {
	return fmt.Sprintf("%s in %.1f ms, %s", sent.Text("state"), sent.Number("elapsed_ms"), sent.Text("path"))
}

func since(start time.Time) string { return narrate.Milliseconds(time.Since(start)) }

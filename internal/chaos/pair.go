//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"peerd/peer/api"
)

// A side is one of a pair.
type side string

const (
	sender    side = "sender"
	recipient side = "recipient"
)

// A pair is alice, who sends, and bob, who reads.
type pair struct {
	alice, bob *peer
	ledger     *Ledger
	// unsure is the message whose acceptance alice did not live to confirm.
	unsure *api.SendRequest
}

// newPair joins alice and bob and has alice send bob a first message: from then
// on she knows him, whatever happens.
func newPair(c *circle, number int) (*pair, error) { return newPairOn(c, number, "", "") }

// newPairOn is newPair with the state of one side in the directory dir.
func newPairOn(c *circle, number int, of side, dir string) (*pair, error) {
	p := &pair{ledger: NewLedger()}
	for _, one := range []side{sender, recipient} {
		name := fmt.Sprintf("%s-%d", one, number)
		peer, err := c.peer(name)
		if one == of {
			peer, err = c.peerAt(name, dir)
		}
		if err != nil {
			return nil, err
		}
		if one == sender {
			p.alice = peer
		} else {
			p.bob = peer
		}
	}
	return p, p.join()
}

func (p *pair) join() error {
	err := errors.Join(p.alice.start(fuse{}), p.bob.start(fuse{}))
	if err == nil {
		err = errors.Join(p.alice.awaitReady(), p.bob.awaitReady())
	}
	if err == nil {
		err = p.meet()
	}
	if err == nil {
		_, err = p.exchange(0)
	}
	if err != nil {
		p.kill()
	}
	p.alice.join, p.bob.join = "", ""
	return err
}

// exchange sends a message and waits for the receipt.
func (p *pair) exchange(size int) (took time.Duration, err error) {
	began := time.Now()
	id, err := p.send(size)
	if err == nil {
		err = p.awaitDelivered(id)
	}
	return time.Since(began), err
}

// meet waits until alice knows of bob.
func (p *pair) meet() error {
	ctx, cancel := p.lives()
	defer cancel()
	for {
		err := p.alice.do(ctx, func(ctx context.Context, client *api.Client) error {
			_, err := client.WaitOnline(ctx, p.bob.Name)
			return err
		})
		if failure, ok := errors.AsType[*api.Error](err); !ok || failure.Code != api.CodeNoSuchPeer {
			return err
		}
		time.Sleep(10 * time.Millisecond) // nothing announces a name that is new to the roster
	}
}

func (p *pair) kill() {
	p.alice.kill()
	p.bob.kill()
}

// lives returns a context that ends with either peer's life, and when nothing
// happens for too long.
func (p *pair) lives() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	ctx, end := context.WithCancelCause(ctx)
	alice, bob := p.alice.process.ended, p.bob.process.ended
	go func() {
		select {
		case <-alice:
			end(errDied)
		case <-bob:
			end(errDied)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { end(nil); cancel() }
}

// lifeOf returns a context that ends with one peer's life.
func lifeOf(peer *peer) (context.Context, context.CancelFunc) {
	return (&pair{alice: peer, bob: peer}).lives()
}

// send has alice accept another message. It needs no bob.
func (p *pair) send(size int) (id string, err error) {
	request := p.ledger.Draft(size)
	request.To = p.bob.Name
	p.unsure = &request
	return request.ID, p.settle()
}

// settle sends the message again that alice did not live to confirm.
func (p *pair) settle() error {
	if p.unsure == nil {
		return nil
	}
	ctx, cancel := lifeOf(p.alice)
	defer cancel()
	err := p.alice.do(ctx, func(ctx context.Context, client *api.Client) error {
		_, err := client.Send(ctx, *p.unsure)
		return err
	})
	if err == nil {
		p.ledger.Confirm(p.unsure.ID)
		p.unsure = nil
	}
	return err
}

// awaitDelivered waits until alice has a receipt.
func (p *pair) awaitDelivered(id string) error {
	ctx, cancel := p.lives()
	defer cancel()
	return p.alice.do(ctx, func(ctx context.Context, client *api.Client) error {
		sent, err := client.WaitMessage(ctx, id, api.StateDelivered, patience)
		if err == nil && !sent.State.Reached(api.StateDelivered) {
			err = fmt.Errorf("message %s to %s is %s after %v", id, sent.To, sent.State, patience)
		}
		return err
	})
}

// read has bob's user read what is new and say so.
func (p *pair) read() error {
	ctx, cancel := p.lives()
	defer cancel()
	return p.bob.do(ctx, func(ctx context.Context, client *api.Client) error {
		unread, err := client.Read(ctx, api.ReadRequest{Unread: true})
		if err != nil || len(unread) == 0 {
			return err
		}
		return client.MarkRead(ctx, api.ReadMark{UpTo: unread[len(unread)-1].ID, Receipt: true})
	})
}

// resume begins another life of victim, alice or bob, and returns how long it
// took until a message got through. A bob who died before alice comes back, too.
func (p *pair) resume(victim *peer) (time.Duration, error) {
	var probe string
	var err error
	if victim == p.alice && p.bob.dead() {
		if err := p.bob.start(fuse{}); err != nil {
			return 0, err
		}
	}
	if victim == p.bob { // what waits for him is there before he is
		if probe, err = p.send(0); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	if err := victim.start(fuse{}); err != nil {
		return 0, err
	}
	if victim == p.alice {
		if err := p.settle(); err != nil {
			return 0, err
		}
		if probe, err = p.send(0); err != nil {
			return 0, err
		}
	}
	if err := p.awaitDelivered(probe); err != nil {
		return 0, fmt.Errorf("after a restart of %s: %w", victim.Name, err)
	}
	return time.Since(began), nil
}

// audit looks up in bob's history what became of alice's messages.
func (p *pair) audit() (Count, error) {
	ctx, cancel := lifeOf(p.bob)
	defer cancel()
	var history []api.Message
	err := p.bob.do(ctx, func(ctx context.Context, client *api.Client) (err error) {
		history, err = client.Read(ctx, api.ReadRequest{From: p.alice.Name})
		return err
	})
	return p.ledger.Audit(history), err
}

func (p *pair) victim(of side) *peer {
	if of == sender {
		return p.alice
	}
	return p.bob
}

// note counts one more injection of a fault in a row of which this is the only
// pair.
func (p *pair) note(row *Row, resumed time.Duration) (err error) {
	row.Injected++
	row.Resume = append(row.Resume, resumed)
	row.Count, err = p.audit()
	row.judge(resumeBar)
	return err
}

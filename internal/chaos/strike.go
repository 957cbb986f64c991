//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// A life is begun by calling it, and ends by itself, with SIGKILL.
type life func() error

// A load gives a victim, alice or bob, something to do in a life that it begins.
// It ends with an error, errDied, when the victim's life does.
type load func(p *pair, victim *peer, begin life) error

// strike has victim live under load until its life ends, calls then what is to
// be done to a corpse, and returns how long it took from a new life on until a
// message got through.
func (p *pair) strike(victim *peer, load load, begin life, then func() error) (resumed time.Duration, err error) {
	victim.kill()
	stop := time.AfterFunc(patience, func() { victim.process.terminate() })
	err = load(p, victim, begin)
	stop.Stop()
	if err != nil && !errors.Is(err, errDied) {
		return 0, err
	}
	<-victim.process.ended
	if !victim.process.killed() {
		return 0, fmt.Errorf("%s was not killed: %v: %s", victim.Name, victim.process.cmd.ProcessState, victim.process.output())
	}
	if err := then(); err != nil {
		return 0, err
	}
	return p.resume(victim)
}

// untouched is nothing done to a corpse.
func untouched() error { return nil }

// conversing sends and reads message after message.
func conversing(p *pair, _ *peer, begin life) error {
	if err := begin(); err != nil {
		return err
	}
	for {
		if err := p.converse(3, 0); err != nil {
			return err
		}
		if err := p.read(); err != nil {
			return err
		}
	}
}

// chattering sends longer messages, several at a time, and reads seldom, so that
// logs and queues grow.
func chattering(p *pair, _ *peer, begin life) error {
	if err := begin(); err != nil {
		return err
	}
	for {
		if err := p.converse(10, 60<<10); err != nil {
			return err
		}
		if rand.IntN(4) > 0 {
			continue
		}
		if err := p.read(); err != nil {
			return err
		}
	}
}

// converse sends some messages, up to so many of up to so many bytes, and waits
// until they are delivered.
func (p *pair) converse(most, size int) error {
	last := ""
	for range 1 + rand.IntN(most) {
		id, err := p.send(rand.IntN(size + 1))
		if err != nil {
			return err
		}
		last = id
	}
	return p.awaitDelivered(last)
}

// strangers has alice talk to a bob of whom she knows no session.
func strangers(p *pair, victim *peer, begin life) error {
	beginBob := begin
	if victim == p.alice {
		if err := begin(); err != nil {
			return err
		}
		beginBob = func() error { return p.bob.start(fuse{}) }
	}
	for {
		p.bob.kill()
		id, err := p.send(0)
		if err != nil {
			return err
		}
		if err := beginBob(); err != nil {
			return err
		}
		if err := p.awaitDelivered(id); err != nil {
			return err
		}
	}
}

// leaving has the victim log out and close what it has open.
func leaving(p *pair, victim *peer, begin life) error {
	if err := begin(); err != nil {
		return err
	}
	if err := victim.awaitReady(); err != nil {
		return err
	}
	if _, err := p.send(0); err != nil {
		return err
	}
	victim.process.terminate()
	<-victim.process.ended
	return nil
}

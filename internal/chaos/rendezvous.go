//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// playRendezvousKills kills the rendezvous, so many times, while a pair with a
// direct path converses and an operator makes invites.
func playRendezvousKills(lab *Lab) ([]Row, error) {
	c, err := lab.circle("bereaved")
	if err != nil {
		return nil, err
	}
	defer c.kill()
	row := Row{Fault: "kill -9 of the rendezvous; names and invites intact", Bar: rendezvousBarText}
	err = c.bereave(&row, lab.Times, func() {
		time.AfterFunc(rand.N(longestLife), c.process.condemn)
	}, untouched)
	return []Row{row}, err
}

// bereave takes the rendezvous from a pair, again and again: doom sees to its
// end, and then is what is done to the corpse. While it is dead messages go their
// direct way. When it is back, bob, started anew, has to be let in by his key,
// under his name, and the invites have to be what the operator was told. Each
// invite that is not counts as lost.
func (c *circle) bereave(row *Row, times int, doom func(), then func() error) error {
	p, err := newPair(c, 0)
	if err != nil {
		return err
	}
	defer p.kill()
	o := &operator{circle: c}
	lost := 0
	for range times {
		doom()
		if err := o.workUntilDead(); err != nil {
			return err
		}
		if _, err := p.exchange(0); err != nil {
			return fmt.Errorf("without a rendezvous: %w", err)
		}
		if err := then(); err != nil {
			return err
		}
		if err := c.start(); err != nil {
			return err
		}
		missing, err := o.missing()
		if err != nil {
			return err
		}
		lost += missing
		p.bob.kill()
		resumed, err := p.resume(p.bob)
		if err != nil {
			return err
		}
		if err := p.note(row, resumed); err != nil {
			return err
		}
		row.Lost += lost
		row.judge(rendezvousBar)
		if row.Broken() {
			return nil
		}
	}
	return nil
}

// workUntilDead makes invites until the rendezvous has died.
func (o *operator) workUntilDead() error {
	for deadline := time.Now().Add(patience); ; {
		err := o.work()
		select {
		case <-o.circle.process.ended:
			return nil
		default:
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("the rendezvous lives on: %s", o.circle.process.output()), err)
		}
	}
}

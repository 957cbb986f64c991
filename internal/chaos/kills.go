//go:build linux

package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// longestLife is how long a life under load lasts at most before it is ended. A
// daemon is logged in after some hundredths of a second, so that some die before.
const longestLife = 300 * time.Millisecond

// playRandomKills kills peers and rendezvous at random moments under load, so
// many times in all.
func playRandomKills(lab *Lab) ([]Row, error) {
	const workers = 6
	rows := make([]Row, workers)
	errs := make([]error, workers)
	inParallel(workers, workers, func(i int) {
		rows[i], errs[i] = killAnytime(lab, i, (lab.Times+i)/workers)
	})
	return []Row{sum("kill -9 of either side or the rendezvous, any moment, under load", resumeBar, rows)}, errors.Join(errs...)
}

// killAnytime does so in a circle of its own.
func killAnytime(lab *Lab, number, times int) (row Row, err error) {
	row.Bar = resumeBarText
	c, err := lab.circle(fmt.Sprint("kills-", number))
	if err != nil {
		return row, err
	}
	defer c.kill()
	p, err := newPair(c, number)
	if err != nil {
		return row, err
	}
	defer p.kill()
	for range times {
		resumed, err := p.killOne(c)
		if err != nil {
			return row, err
		}
		if err := p.note(&row, resumed); err != nil || row.Broken() {
			return row, err
		}
	}
	return row, nil
}

// killOne kills alice, bob or the rendezvous.
func (p *pair) killOne(c *circle) (resumed time.Duration, err error) {
	if rand.IntN(5) == 0 {
		return p.killRendezvous(c)
	}
	victim := p.victim([]side{sender, recipient}[rand.IntN(2)])
	return p.strike(victim, chattering, func() error {
		err := victim.start(fuse{})
		if err == nil {
			time.AfterFunc(rand.N(longestLife), victim.process.condemn)
		}
		return err
	}, untouched)
}

// killRendezvous kills the rendezvous while the pair converses, and starts it
// again a little later.
func (p *pair) killRendezvous(c *circle) (resumed time.Duration, err error) {
	restarted := make(chan error, 1)
	time.AfterFunc(rand.N(longestLife), func() {
		c.kill()
		time.Sleep(rand.N(longestLife))
		restarted <- c.start()
	})
	for range 3 {
		if err := p.converse(10, 1<<10); err != nil {
			return 0, errors.Join(err, <-restarted)
		}
	}
	if err := <-restarted; err != nil {
		return 0, err
	}
	return p.exchange(0)
}

// circle starts a rendezvous with its state in a directory of that name.
func (l *Lab) circle(name string) (*circle, error) {
	dir := filepath.Join(l.Dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return startCircle(l.Binaries, dir)
}

//go:build linux

package matrix

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// settleFor is how long daemons are left alone after they have logged in: what
// their routers do is found out within three seconds.
const settleFor = 3 * time.Second

// apartBy is how long after another a meeting begins that has nothing to do
// but wait.
const apartBy = 300 * time.Millisecond

// A Theatre is where meetings are played. Several plays may run at a time: while
// daemons of one find out what their routers do, which is waiting, another
// builds, meets or tears down, which is work that a meeting must not be
// disturbed by.
type Theatre struct {
	Binaries string // directory with the programs
	Logs     bool   // whether daemons log at level debug, and the logs are kept

	quiet sync.Mutex // held by who works
}

// Play plays one meeting of each pair, all in one lab, and returns them in the
// same order. Nothing of it is left. Either all pairs have IPv6 or none.
func (t *Theatre) Play(pairs ...Pair) (meetings []Meeting, err error) {
	options := []natlab.LabOption{natlab.Hops(hops)}
	for _, pair := range pairs {
		if pair.ipv6 != pairs[0].ipv6 {
			return nil, fmt.Errorf("%s and %s cannot share a lab: one has IPv6", pair.Name, pairs[0].Name)
		}
	}
	if pairs[0].ipv6 {
		options = append(options, natlab.IPv6())
	}
	dir, err := os.MkdirTemp("", "matrix-*")
	if err != nil {
		return nil, fmt.Errorf("make temporary state: %w", err)
	}
	t.quiet.Lock()
	defer t.quiet.Unlock()
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lab, err := natlab.Open(options...)
	if err != nil {
		return nil, err
	}
	defer lab.Close()
	couples, err := t.gather(lab, dir, pairs)
	if err != nil {
		return nil, errors.Join(err, lab.Err())
	}
	t.rest(settleFor)
	meetings, err = t.meetAll(couples)
	return meetings, errors.Join(err, lab.Err())
}

// rest lets others work for as long as there is nothing to do but wait.
func (t *Theatre) rest(d time.Duration) {
	t.quiet.Unlock()
	time.Sleep(d)
	t.quiet.Lock()
}

// A couple is two daemons that are about to meet.
type couple struct {
	Pair
	places places
	peers  [2]*stage.Peer
}

// gather starts the daemons of all pairs and waits until those who are to meet
// see each other.
func (t *Theatre) gather(lab *natlab.Lab, dir string, pairs []Pair) (couples []couple, err error) {
	s, err := t.open(lab, dir, 2*len(pairs))
	if err != nil {
		return nil, err
	}
	for i, pair := range pairs {
		c, err := t.launch(s, ground{lab, i + 1, filepath.Join(dir, fmt.Sprint(i+1))}, pair)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pair.Name, err)
		}
		couples = append(couples, c)
	}
	for _, c := range couples {
		if err := errors.Join(c.peers[0].AwaitReady(), c.peers[1].AwaitReady(), stage.Meet(c.peers[0], c.peers[1])); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return couples, nil
}

// open starts a rendezvous, with a second address, and invites so many peers.
func (t *Theatre) open(lab *natlab.Lab, dir string, peers int) (*stage.Stage, error) {
	vps := lab.PublicHost("vps", vpsLink)
	lab.AddPublicAddress(vps)
	s := stage.New(vps, t.Binaries, dir)
	if err := s.StartRendezvous(); err != nil {
		return nil, err
	}
	var err error
	s.Invite, err = s.CreateInvite(peers)
	return s, err
}

// launch builds the networks of a pair and starts its daemons.
func (t *Theatre) launch(s *stage.Stage, g ground, pair Pair) (c couple, err error) {
	if err := os.Mkdir(g.dir, 0o700); err != nil {
		return c, fmt.Errorf("make temporary state: %w", err)
	}
	c.Pair = pair
	if c.places, err = pair.place(g); err != nil {
		return c, err
	}
	for side := range c.peers {
		if c.peers[side], err = s.Launch(c.places.hosts[side], g.hostName(side), t.arguments()...); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (t *Theatre) arguments() []string {
	if t.Logs {
		return []string{"--log-level", "debug"}
	}
	return nil
}

// meetAll has the couples meet: one after the other where that takes work, and
// at about the same time where it is waiting.
func (t *Theatre) meetAll(couples []couple) ([]Meeting, error) {
	meetings, failures := make([]Meeting, len(couples)), make([]error, len(couples))
	var waiting sync.WaitGroup
	for i, c := range couples {
		meet := func() { meetings[i], failures[i] = c.meet() }
		if !c.Bar.isWaiting() {
			meet()
			t.rest(0) // others' daemons may be ready
			continue
		}
		waiting.Go(meet)
		time.Sleep(apartBy)
	}
	t.quiet.Unlock()
	waiting.Wait()
	t.quiet.Lock()
	return meetings, errors.Join(failures...)
}

// meet ends with the daemons' ends, so that they do not disturb who is next.
func (c couple) meet() (m Meeting, err error) {
	if c.prepare != nil {
		err = c.prepare(c.places, c.peers)
	}
	if err == nil {
		m, err = meet(c.Bar, c.places, c.peers)
	}
	for side, peer := range c.peers {
		peer.Kill()
		m.Logs[side] = peer.Process().Stderr()
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w\n%s%s", c.Name, err, m.Logs[0], m.Logs[1])
	}
	return m, nil
}

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer"
	"peerd/peer/api"
)

const (
	// reconnectDaemons lose their rendezvous rendezvousKills times: 1,000
	// reconnects in all.
	reconnectDaemons = 10
	rendezvousKills  = 100
	// settleFor is how long goroutines of the last login may take to end, such
	// as those that wait 15 s for a peer that has logged out to come back.
	settleFor = 20 * time.Second
)

// measureReconnects kills the rendezvous of ten daemons, which share a process
// and talk to each other in pairs, a hundred times, and counts the goroutines
// of that process before and after.
func measureReconnects(b *bench) ([]row, error) {
	var before, after int
	err := onStage(b, fastLink, nil, func(lab *natlab.Lab, s *stage.Stage) error {
		peers, err := startChild(lab.PublicHost("peers", fastLink), "reconnects", s.Dir(), s.Invite)
		if err != nil {
			return err
		}
		if before, err = goroutines(peers, "settled"); err != nil {
			return err
		}
		for range rendezvousKills {
			s.KillRendezvous()
			if err := s.StartRendezvous(); err != nil {
				return err
			}
			if _, err := peers.ask("reconnected"); err != nil {
				return err
			}
		}
		after, err = goroutines(peers, "settled")
		return err
	})
	if err != nil {
		return nil, err
	}
	return []row{{
		figure:   "reconnects: goroutines left by 1,000 of them",
		measured: fmt.Sprintf("%d before, %d after, in %d daemons", before, after, reconnectDaemons),
		bound:    "no growth",
		met:      after <= before,
	}}, nil
}

func goroutines(peers *child, question string) (n int, err error) {
	answer, err := peers.ask(question)
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(answer, &n)
	return n, err
}

// crowd is the daemons of one process.
type crowd struct {
	daemons []*peer.Daemon
	logins  loginCount
	awaited int64 // how many logins there have been when all are back
}

// loginCount counts what the daemons log about logins.
type loginCount struct{ n atomic.Int64 }

// Run implements zerolog.Hook.
func (c *loginCount) Run(_ *zerolog.Event, _ zerolog.Level, message string) {
	if message == "online" {
		c.n.Add(1)
	}
}

// playReconnects plays ten daemons. Arguments: directory for their state, and an
// invite. It answers
//
//	reconnected   once each daemon has logged in one time more
//	settled       with the number of goroutines when nothing is going on
func playReconnects(args []string) (part, error) {
	if len(args) != 2 {
		return part{}, errors.New("reconnects wants a state directory and an invite")
	}
	c := new(crowd)
	if err := c.gather(args[0], args[1]); err != nil {
		return part{}, errors.Join(err, c.close())
	}
	return part{answer: c.answer, end: c.close}, nil
}

// gather starts the daemons and connects every two of them.
func (c *crowd) gather(dir, secret string) error {
	logger := zerolog.New(nowhere{}).Level(zerolog.InfoLevel).Hook(&c.logins)
	for i := range reconnectDaemons {
		name := fmt.Sprintf("peer-%d", i)
		d, err := joinDaemon(filepath.Join(dir, name), name, secret, logger)
		if err != nil {
			return err
		}
		c.daemons = append(c.daemons, d)
		c.awaited++
		if i%2 == 0 {
			continue
		}
		b := bulkPeer{daemon: d}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err = b.connect(ctx, fmt.Sprintf("peer-%d", i-1), api.PathDirect)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// nowhere swallows log lines; the hook has counted them.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

func (c *crowd) answer(line string) (string, error) {
	switch line {
	case "reconnected":
		c.awaited += reconnectDaemons
		deadline := time.Now().Add(patience)
		for c.logins.n.Load() < c.awaited {
			if time.Now().After(deadline) {
				return "", fmt.Errorf("%d logins after %v, want %d", c.logins.n.Load(), patience, c.awaited)
			}
			time.Sleep(time.Millisecond)
		}
		return "yes", nil
	case "settled":
		time.Sleep(settleFor)
		return fmt.Sprint(runtime.NumGoroutine()), nil
	}
	return "", fmt.Errorf("question %q is none", line)
}

func (c *crowd) close() error {
	var err error
	for _, d := range c.daemons {
		err = errors.Join(err, d.Close())
	}
	return err
}

//go:build linux

package network

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// The links before a story spoils them: home uplinks of 20 ms, a VPS at 5 ms.
var (
	homeLink = natlab.Link{Delay: 20 * time.Millisecond}
	vpsLink  = natlab.Link{Delay: 5 * time.Millisecond}
)

// Homes are two peers, each behind a home router, who see each other online.
type Homes struct {
	Lab                *natlab.Lab
	Stage              *stage.Stage
	AliceHome, BobHome *natlab.Home
	Alice, Bob         *stage.Peer

	loads []*Load
}

// openHomes builds them in a lab. The programs are in the directory binaries, their
// states go below dir.
func openHomes(lab *natlab.Lab, binaries, dir string) (*Homes, error) {
	h := &Homes{
		Lab:       lab,
		Stage:     stage.New(lab.PublicHost("vps", vpsLink), binaries, dir),
		AliceHome: lab.Home("alice-home", natlab.Masquerade, homeLink),
		BobHome:   lab.Home("bob-home", natlab.Masquerade, homeLink),
	}
	if err := h.Stage.StartRendezvous(); err != nil {
		return nil, errors.Join(err, lab.Err())
	}
	var err error
	if h.Alice, err = h.Stage.Peer(h.AliceHome.Host("alice"), "alice", "--log-level", "info"); err != nil {
		return nil, errors.Join(err, lab.Err())
	}
	if h.Bob, err = h.Stage.Peer(h.BobHome.Host("bob"), "bob", "--log-level", "info"); err != nil {
		return nil, errors.Join(err, lab.Err())
	}
	return h, errors.Join(stage.Meet(h.Alice, h.Bob), lab.Err())
}

// relayOnly lets nothing through between the homes but by way of the rendezvous.
func (h *Homes) relayOnly() {
	h.Lab.SetTransit(h.AliceHome.Node, h.BobHome.Node, natlab.Transit{Blocked: true})
}

// logins is how often a peer has logged in since it started, as its log tells.
func logins(p *stage.Peer) int {
	return strings.Count(p.Process().Stderr(), `"message":"online"`)
}

// logs are the ends of what the programs have said, to explain a failure.
func (h *Homes) logs() error {
	var logs []error
	for _, p := range []*natlab.Process{h.Alice.Process(), h.Bob.Process(), h.Stage.Rendezvous()} {
		const most = 3000
		text := p.Stderr()
		logs = append(logs, fmt.Errorf("log:\n%s", text[max(0, len(text)-most):]))
	}
	return errors.Join(logs...)
}

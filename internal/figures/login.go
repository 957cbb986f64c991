//go:build linux

package main

import (
	"context"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

const loginBound = 4*rendezvousRTT + 20*time.Millisecond

// login is how long the first login of a fresh peer took. Its daemon logs what
// it does at the moment it does it; the times are of the lines' arrival here,
// a fraction of a millisecond later.
type login struct {
	start  time.Duration // from the start of the process to the start of the login
	roster time.Duration // from there until the roster is in use
}

// timeLogin joins a peer and times its login.
func timeLogin(s *stage.Stage, host *natlab.Host, name string) (login, *stage.Peer, error) {
	started := time.Now()
	p, err := s.Launch(host, name, "--log-level", "debug")
	if err != nil {
		return login{}, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var at [2]time.Time
	for i, event := range [...]string{`"message":"dialling"`, `"message":"roster"`} {
		if _, err := p.Process().Await(ctx, event); err != nil {
			return login{}, nil, err
		}
		at[i] = time.Now()
	}
	return login{start: at[0].Sub(started), roster: at[1].Sub(at[0])}, p, p.AwaitReady()
}

// measureLogin measures the time from the start of the process to the roster in
// use: TCP, TLS 1.3 and Hello take three round trips to the rendezvous, and
// opening the state directory comes before them.
func measureLogin(b *bench) ([]row, error) {
	meetings, err := b.meet()
	if err != nil {
		return nil, err
	}
	var whole, roster sample
	for _, m := range meetings {
		for _, l := range m.logins {
			whole = append(whole, l.start+l.roster)
			roster = append(roster, l.roster)
		}
	}
	return []row{
		{
			figure:   "login: start of peerd to roster in use",
			measured: whole.String(),
			bound:    "median ≤ 220 ms (4 RTT + 20 ms)",
			met:      whole.median() <= loginBound,
			others:   "Tailscale 745 ms from start to ready",
		},
		{figure: "  from dialling on", measured: roster.String()},
	}, nil
}

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// The links of the design: between homes a round trip takes 80 ms, to the
// rendezvous 50 ms.
var (
	homeLink = natlab.Link{Delay: 20 * time.Millisecond}
	vpsLink  = natlab.Link{Delay: 5 * time.Millisecond}
	fastLink = natlab.Link{}
)

const (
	// rendezvousRTT is what a home sees of the links above.
	rendezvousRTT = 50 * time.Millisecond
	// patience bounds every wait for something that a figure is not about.
	patience = 30 * time.Second
)

// onStage plays scene on a fresh test internet with a rendezvous on it, which
// gets the arguments args besides the usual ones. Nothing of it is left.
func onStage(b *bench, vps natlab.Link, args []string, scene func(*natlab.Lab, *stage.Stage) error) (err error) {
	dir, err := os.MkdirTemp("", "figures-*")
	if err != nil {
		return fmt.Errorf("make temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lab, err := natlab.Open()
	if err != nil {
		return err
	}
	defer lab.Close()
	s := stage.New(lab.PublicHost("vps", vps), b.binaries, dir)
	if err := s.StartRendezvous(args...); err != nil {
		return errors.Join(err, lab.Err())
	}
	return errors.Join(scene(lab, s), lab.Err())
}

//go:build linux

package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"peerd/internal/invite"
)

// patience bounds every wait for a program. It is long because the machine may
// be busy; what is promised is measured.
const patience = 60 * time.Second

// A circle is a rendezvous on the loopback address, and what peers need to join.
type circle struct {
	binaries string
	dir      string
	state    string // the rendezvous'
	listen   string // its address, once it has started
	invite   string // for any number of peers
	process  *process
}

// startCircle starts a rendezvous with its state below dir, and makes an invite.
func startCircle(binaries, dir string) (*circle, error) {
	return startCircleAt(binaries, dir, filepath.Join(dir, "rendezvous"))
}

// startCircleAt is startCircle with the rendezvous' state elsewhere.
func startCircleAt(binaries, dir, state string) (*circle, error) {
	c := &circle{binaries: binaries, dir: dir, state: state, listen: "127.0.0.1:0"}
	if err := c.start(); err != nil {
		return nil, err
	}
	first, err := c.await("peerd://")
	if err != nil {
		return nil, c.giveUp(err)
	}
	parsed, err := invite.Parse(first)
	if err != nil {
		return nil, c.giveUp(err)
	}
	c.listen = parsed.Address
	if c.invite, err = c.createInvite(10_000); err != nil {
		return nil, c.giveUp(err)
	}
	return c, nil
}

// start starts the rendezvous, for the first time or again, and waits until it
// serves.
func (c *circle) start() (err error) {
	c.process, err = startProcess(nil, c.program("rendezvous"), "run", "--state", c.state, "--listen", c.listen, "--second-address", "none")
	if err != nil {
		return err
	}
	_, err = c.await("ready")
	return err
}

func (c *circle) await(text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.process.await(ctx, text)
}

// kill kills the rendezvous without warning and waits for its end.
func (c *circle) kill() { c.process.kill() }

// giveUp kills the rendezvous because of err, which it returns.
func (c *circle) giveUp(err error) error {
	c.kill()
	return err
}

// createInvite makes an invite that admits so many peers.
func (c *circle) createInvite(uses int) (string, error) {
	out, err := exec.Command(c.program("rendezvous"), "invite", "create", "--state", c.state, "--uses", fmt.Sprint(uses)).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("create an invite: %w: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "peerd://") {
			return strings.TrimSpace(line), nil
		}
	}
	return "", fmt.Errorf("no invite was created: %s", out)
}

func (c *circle) program(name string) string { return filepath.Join(c.binaries, name) }

// peer prepares a peer that has not joined yet, with its state below the
// circle's directory.
func (c *circle) peer(name string) (*peer, error) {
	return c.peerAt(name, filepath.Join(c.dir, name, "state"))
}

// peerAt is peer with the state elsewhere. The socket stays below the circle's
// directory, in one of its own: daemons that start at the same moment must not
// get in each other's way.
func (c *circle) peerAt(name, state string) (*peer, error) {
	dir := filepath.Join(c.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p := &peer{Name: name, circle: c, state: state, socket: filepath.Join(dir, "socket"), join: filepath.Join(dir, "invite")}
	return p, os.WriteFile(p.join, []byte(c.invite), 0o600)
}

//go:build linux

// Package stage puts the real programs on a test internet: a rendezvous on a
// public host and peers behind home routers, as child processes that are driven
// through peerctl as a user would. It serves the end-to-end tests, the
// benchmarks and the demonstration.
//
// It builds no programs and no routers: the caller brings the binaries
// ("make build") and a natlab.Lab.
package stage

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"peerd/internal/natlab"
)

// patience bounds every wait for a program. It is long because the machine
// may be busy; no figure depends on it.
const patience = 30 * time.Second

// RendezvousPort is the port the rendezvous listens on, by UDP and TCP. Its
// second UDP port is the next one.
const RendezvousPort = 7700

// Stage is a rendezvous and the peers of its circle.
type Stage struct {
	// VPS is the public host the rendezvous runs on.
	VPS *natlab.Host
	// Invite admits peers to the circle; it is known once the rendezvous has
	// started.
	Invite string

	binaries string
	dir      string
	process  *natlab.Process
}

// New prepares a stage with programs from the directory binaries. State goes
// below dir.
func New(vps *natlab.Host, binaries, dir string) *Stage {
	return &Stage{VPS: vps, binaries: binaries, dir: dir}
}

// StartRendezvous starts the rendezvous, for the first time or again. Further
// arguments go to rendezvous run.
func (s *Stage) StartRendezvous(args ...string) error {
	s.process = s.VPS.Start(natlab.Command{
		Path: s.program("rendezvous"),
		Args: append([]string{"run",
			"--state", s.rendezvousState(),
			"--advertise", s.VPS.Addr().String(),
			"--circle", "home"}, args...),
	})
	if s.Invite == "" {
		if err := await(s.process, "peerd://"); err != nil { // a talkative log says ready, too
			return err
		}
		s.Invite = firstLineWith(s.process.Stdout(), "peerd://")
	}
	return await(s.process, "ready")
}

// CreateInvite makes an invite for as many peers as uses says.
func (s *Stage) CreateInvite(uses int) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	result := s.VPS.Run(ctx, natlab.Command{
		Path: s.program("rendezvous"),
		Args: []string{"invite", "create", "--state", s.rendezvousState(), "--uses", strconv.Itoa(uses)},
	})
	created := firstLineWith(result.Stdout, "peerd://")
	if created == "" {
		return "", fmt.Errorf("create an invite: exit %d: %s", result.ExitCode, result.Stderr)
	}
	return created, nil
}

// KillRendezvous kills the rendezvous without warning.
func (s *Stage) KillRendezvous() { s.process.Kill() }

// Dir is the directory that state goes below.
func (s *Stage) Dir() string { return s.dir }

// Endpoint returns the rendezvous' endpoint.
func (s *Stage) Endpoint() netip.AddrPort { return s.VPS.AddrPort(RendezvousPort) }

// Rendezvous returns the process, to measure it.
func (s *Stage) Rendezvous() *natlab.Process { return s.process }

// Peer joins a peer on host and waits until it is ready. Further arguments go
// to peerd run.
func (s *Stage) Peer(host *natlab.Host, name string, args ...string) (*Peer, error) {
	p, err := s.Launch(host, name, args...)
	if err != nil {
		return nil, err
	}
	return p, p.AwaitReady()
}

// Launch is Peer without the wait, for those who watch the peer come up.
func (s *Stage) Launch(host *natlab.Host, name string, args ...string) (*Peer, error) {
	p := &Peer{Name: name, Host: host, stage: s, state: filepath.Join(s.dir, name)}
	join := filepath.Join(s.dir, name+".invite")
	if err := os.WriteFile(join, []byte(s.Invite), 0o600); err != nil {
		return nil, fmt.Errorf("write invite: %w", err)
	}
	p.args = append([]string{"run", "--state", p.state, "--name", name}, args...)
	p.launch("--join", "@"+join)
	return p, nil
}

func (s *Stage) rendezvousState() string { return filepath.Join(s.dir, "rendezvous") }

func (s *Stage) program(name string) string { return filepath.Join(s.binaries, name) }

// await waits for a line of a program's output.
func await(p *natlab.Process, substring string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := p.Await(ctx, substring); err != nil {
		return fmt.Errorf("wait for %q: %w; stderr: %s", substring, err, p.Stderr())
	}
	return nil
}

func firstLineWith(text, prefix string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

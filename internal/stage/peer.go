//go:build linux

package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"syscall"

	"peerd/internal/natlab"
	"peerd/internal/statedir"
	"peerd/peer/api"
)

// Peer is a peerd on a host of the lab.
type Peer struct {
	Name string
	Host *natlab.Host

	stage   *Stage
	state   string
	args    []string
	process *natlab.Process
}

// Start starts the daemon again, without an invite.
func (p *Peer) Start() error { return p.start() }

func (p *Peer) start(args ...string) error {
	p.launch(args...)
	return p.AwaitReady()
}

func (p *Peer) launch(args ...string) {
	p.process = p.Host.Start(natlab.Command{Path: p.stage.program("peerd"), Args: append(p.args, args...)})
}

// AwaitReady waits until the daemon says that it is ready. Each start says so
// once, and Start and [Stage.Peer] have waited for it.
func (p *Peer) AwaitReady() error { return await(p.process, "ready") }

// Stop ends the daemon in good order and waits for it.
func (p *Peer) Stop() int {
	p.process.Signal(syscall.SIGTERM)
	return p.process.Wait(patience)
}

// Kill kills the daemon without warning.
func (p *Peer) Kill() { p.process.Kill() }

// Process returns the daemon's process, to measure it.
func (p *Peer) Process() *natlab.Process { return p.process }

// Client returns a client of the daemon, for what has to be seen or done at
// once: a peerctl takes a while to start.
func (p *Peer) Client() *api.Client { return api.NewClient(statedir.Socket(p.state)) }

func (p *Peer) command(args []string) natlab.Command {
	return natlab.Command{
		Path: p.stage.program("peerctl"),
		Args: args,
		Env:  []string{statedir.SocketVariable + "=" + statedir.Socket(p.state), "LC_ALL=C.UTF-8"},
	}
}

// Ctl runs peerctl to its end.
func (p *Peer) Ctl(args ...string) natlab.Result {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return p.Host.Run(ctx, p.command(args))
}

// StartCtl starts a peerctl that goes on, such as watch.
func (p *Peer) StartCtl(args ...string) *natlab.Process { return p.Host.Start(p.command(args)) }

// Row is one line of peerctl's --json output.
type Row map[string]any

// Text returns a field as text; a missing one is empty.
func (r Row) Text(field string) string {
	text, _ := r[field].(string)
	return text
}

// Number returns a numeric field; a missing one is zero.
func (r Row) Number(field string) float64 {
	number, _ := r[field].(float64)
	return number
}

// Rows runs peerctl --json and returns its rows and exit code.
func (p *Peer) Rows(args ...string) ([]Row, natlab.Result, error) {
	result := p.Ctl(append([]string{"--json"}, args...)...)
	rows, err := ParseRows(result.Stdout)
	return rows, result, err
}

// ParseRows reads JSON lines.
func ParseRows(text string) ([]Row, error) {
	var rows []Row
	for line := range bytes.Lines([]byte(text)) {
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return rows, fmt.Errorf("read row %q: %w", line, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

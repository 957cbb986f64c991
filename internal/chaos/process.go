//go:build linux

package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// A process is one life of a program.
type process struct {
	cmd   *exec.Cmd
	said  output
	ended chan struct{} // closed when it has ended, in whatever way
}

// startProcess starts a program with further variables in its environment.
func startProcess(environment []string, path string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.said.changed = make(chan struct{})
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.ended)
	}()
	return p, nil
}

// condemn kills the process without warning. Its end follows.
func (p *process) condemn() { _ = p.cmd.Process.Kill() }

// kill kills the process without warning and waits for its end.
func (p *process) kill() {
	p.condemn()
	<-p.ended
}

// terminate asks the process to end.
func (p *process) terminate() { _ = p.cmd.Process.Signal(syscall.SIGTERM) }

// killed reports whether an ended process died of SIGKILL.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// output is what the process has written so far.
func (p *process) output() string { return p.said.String() }

// await returns the first line of the output that contains text.
func (p *process) await(ctx context.Context, text string) (string, error) {
	for {
		line, changed := p.said.find(text)
		if line != "" {
			return line, nil
		}
		select {
		case <-changed:
		case <-p.ended:
			if line, _ := p.said.find(text); line != "" {
				return line, nil
			}
			return "", fmt.Errorf("%s ended (%v) before it said %q: %s", p.cmd.Path, p.cmd.ProcessState, text, p.output())
		case <-ctx.Done():
			return "", fmt.Errorf("%s did not say %q: %w: %s", p.cmd.Path, text, ctx.Err(), p.output())
		}
	}
}

// output collects what a process writes.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed, and replaced, when there is more
}

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// find returns the first whole line that contains text, or what to wait for.
func (o *output) find(text string) (line string, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for line := range strings.Lines(o.text.String()) {
		if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
			return strings.TrimSpace(line), o.changed
		}
	}
	return "", o.changed
}

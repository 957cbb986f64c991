//go:build linux

package natlab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A Command is a program to run on a node.
type Command struct {
	Path  string   // of the program; searched for in $PATH if it is a bare name
	Args  []string // without the program itself
	Env   []string // "key=value", added to this process's own environment
	Dir   string   // working directory; empty: this process's own
	Stdin io.Reader
}

func (c Command) String() string {
	return strings.Join(append([]string{filepath.Base(c.Path)}, c.Args...), " ")
}

// A Process is a program running on a node. It is killed when the lab closes, and by the kernel should this process
// die first. Its methods may be called from any goroutine, though those that end a test on failure (WaitLine, Wait,
// Signal) belong on the test's own; [Process.Await] is for the others.
type Process struct {
	lab     *Lab
	name    string
	cmd     *exec.Cmd
	output  *output
	stdout  *lineWriter
	stderr  *lineWriter
	exited  chan struct{}
	waitErr error // of collecting the exit status or output; written before exited is closed
}

// drainTime is how long a process's output may be held open by others after it has ended. Shorter could cut off what a
// child still writes on a busy machine.
const drainTime = 2 * time.Second

// Start starts a program on the node.
func (n *Node) Start(c Command) *Process {
	n.lab.reporter.Helper()
	p := newProcess(n, c)
	started := n.try("start "+c.String(), func() error {
		// The child inherits the thread's namespace, and its death signal is tied to the thread.
		if err := n.ns.Do(p.cmd.Start); err != nil {
			return err
		}
		go p.collect()
		n.lab.adopt(p)
		return nil
	})
	if !started {
		p.output.end()
		close(p.exited)
	}
	return p
}

func newProcess(n *Node, c Command) *Process {
	out := newOutput()
	p := &Process{
		lab:    n.lab,
		name:   n.name + ": " + c.String(),
		cmd:    exec.Command(c.Path, c.Args...),
		output: out,
		stdout: &lineWriter{output: out, stream: Stdout},
		stderr: &lineWriter{output: out, stream: Stderr},
		exited: make(chan struct{}),
	}
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Dir = c.Dir
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = c.Stdin, p.stdout, p.stderr
	p.cmd.WaitDelay = drainTime
	// A group of its own, so that Kill reaches its children too.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return p
}

// collect waits for the process and its output.
func (p *Process) collect() {
	defer close(p.exited)
	defer p.output.end()
	err := p.cmd.Wait()
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		p.waitErr = err
	}
	p.stdout.flush()
	p.stderr.flush()
}

// PID returns the process id, 0 if the process never started.
func (p *Process) PID() int {
	if p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Await waits for a line that contains substring and returns it. It looks at both streams and at what was written
// before the call. A line satisfies one call only, so waiting for the same text again waits for the next such line.
func (p *Process) Await(ctx context.Context, substring string) (string, error) {
	for {
		line, found, grown := p.output.take(substring)
		if found {
			return line, nil
		}
		if grown == nil {
			return "", fmt.Errorf("%s ended without a line containing %q", p.name, substring)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return "", fmt.Errorf("%s: wait for a line containing %q: %w", p.name, substring, context.Cause(ctx))
		}
	}
}

// WaitLine is [Process.Await] for a line that has to come within the timeout.
func (p *Process) WaitLine(timeout time.Duration, substring string) (line string) {
	p.lab.reporter.Helper()
	p.lab.try("wait for output", func() (err error) {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		if line, err = p.Await(ctx, substring); err != nil {
			return fmt.Errorf("%w\n%s", err, p.transcript())
		}
		return nil
	})
	return line
}

// Wait waits until the process has ended, which has to be within the timeout, and returns its exit code: -1 if it was
// killed by a signal.
func (p *Process) Wait(timeout time.Duration) int {
	p.lab.reporter.Helper()
	ok := p.lab.try("wait for the end of "+p.name, func() error {
		select {
		case <-p.exited:
			return p.waitErr
		case <-time.After(timeout):
			return fmt.Errorf("still running after %v\n%s", timeout, p.transcript())
		}
	})
	if !ok {
		return -1
	}
	return p.cmd.ProcessState.ExitCode()
}

// Exited is closed when the process has ended and all its output is there.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Signal sends the process a signal. A process that has ended ignores it.
func (p *Process) Signal(sig syscall.Signal) {
	p.lab.reporter.Helper()
	p.lab.try(fmt.Sprintf("send %v to %s", sig, p.name), func() error {
		if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return nil
	})
}

// Kill kills the process and its children with SIGKILL and waits for its end.
func (p *Process) Kill() {
	if p.PID() != 0 {
		p.end()
	}
}

func (p *Process) end() {
	select {
	case <-p.exited:
	default:
		_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // fails only when the process just ended
		<-p.exited
	}
}

// Stdout returns what the process has written to its standard output so far.
func (p *Process) Stdout() string { return p.output.text(Stdout) }

// Stderr returns what the process has written to its standard error so far.
func (p *Process) Stderr() string { return p.output.text(Stderr) }

func (p *Process) transcript() string {
	return fmt.Sprintf("output of %s:\n%s", p.name, p.output.transcript())
}

// A Result is what became of a program that ran to its end.
type Result struct {
	Stdout, Stderr string
	ExitCode       int // -1 if killed by a signal
}

// Run runs a program on the node to its end. An exit code other than 0 is a result like any other; not to end before
// ctx is done is a failure.
func (n *Node) Run(ctx context.Context, c Command) Result {
	n.lab.reporter.Helper()
	p := n.Start(c)
	n.try("run "+c.String(), func() error {
		select {
		case <-p.exited:
			return p.waitErr
		case <-ctx.Done():
			p.Kill()
			return fmt.Errorf("%w\n%s", context.Cause(ctx), p.transcript())
		}
	})
	result := Result{Stdout: p.Stdout(), Stderr: p.Stderr(), ExitCode: -1}
	if p.cmd.ProcessState != nil {
		result.ExitCode = p.cmd.ProcessState.ExitCode()
	}
	return result
}

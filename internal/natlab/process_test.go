//go:build linux

package natlab_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"peerd/internal/natlab"
)

func TestProcessLivesOnItsHost(t *testing.T) {
	lab := natlab.New(t)
	alice := lab.Home("home", natlab.Masquerade, natlab.Link{}).Host("alice")
	result := alice.Run(t.Context(), program("address", "203.0.113.1:9"))
	if result.ExitCode != 0 || !strings.HasPrefix(result.Stdout, alice.Addr().String()+":") {
		t.Errorf("result %+v, want an address of %v", result, alice.Addr())
	}
}

func TestProcessOutputIsCapturedLineByLine(t *testing.T) {
	lab := natlab.New(t)
	command := program("talk")
	command.Stdin = strings.NewReader("one\ntwo\n")
	p := lab.PublicHost("vps", natlab.Link{}).Start(command)

	if got := p.WaitLine(hangGuard, "two"); got != "heard two" {
		t.Errorf("line %q", got)
	}
	if got := p.WaitLine(hangGuard, "ready"); got != "ready" {
		t.Errorf("an earlier line can no longer be found: %q", got)
	}
	if got := p.WaitLine(hangGuard, "last was"); got != "last was two" {
		t.Errorf("unfinished last line: %q", got)
	}
	if code := p.Wait(hangGuard); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if got, want := p.Stdout(), "ready\nheard one\nheard two\n"; got != want {
		t.Errorf("stdout %q, want %q", got, want)
	}
	if _, err := p.Await(t.Context(), "ready"); err == nil {
		t.Error("one line satisfied two waits")
	}
}

func TestProcessIsSignalledAndKilled(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})

	terminated := vps.Start(program("sleep"))
	terminated.WaitLine(hangGuard, "ready")
	terminated.Signal(syscall.SIGTERM)
	if code := terminated.Wait(hangGuard); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}

	killed := vps.Start(program("sleep"))
	killed.WaitLine(hangGuard, "ready")
	killed.Kill()
	if code := killed.Wait(hangGuard); code != -1 {
		t.Errorf("exit code %d after SIGKILL, want -1", code)
	}
	killed.Kill()
	killed.Signal(syscall.SIGTERM)
}

func TestWaitingForOutputEndsWithTheContext(t *testing.T) {
	lab := natlab.New(t)
	p := lab.PublicHost("vps", natlab.Link{}).Start(program("sleep"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Await(ctx, "never said"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

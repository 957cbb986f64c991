package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"peerd/internal/exitcode"
)

// hangGuard ends a demonstration that hangs. Nothing is measured with it.
const hangGuard = 5 * time.Minute

// programs is where TestMain has built peerd's programs and this one.
var programs string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "demo-test-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make directory for programs:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "peerd/cmd/...", "peerd/internal/demo")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the programs: %v\n%s", err, out)
		return 1
	}
	programs = dir
	return m.Run()
}

// TestInTheLab plays the story on real routers. A machine that may not have a
// lab fails it.
func TestInTheLab(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("there is no lab on this system; the loopback story is what it has")
		return
	}
	p := start(t)
	p.mustExit(exitcode.OK)
	p.mustTell(
		`^Two homes and a VPS`,
		`203\.0\.113\.1:7700`,
		`198\.51\.100\.1 .*198\.51\.100\.2`,
		`prints an invite`,
		`peerd://203\.0\.113\.1:7700/home#[a-z2-7]{8}…`,
		`alice is logged in after [\d.]+ ms`,
		`bob is logged in after [\d.]+ ms`,
		`"hello bob": delivered in [\d.]+ ms`,
		`a direct path: udp to 198\.51\.100\.2:\d+, bob's router, round trip [\d.]+ ms`,
		`peerctl ping bob: [\d.]+ ms, direct`,
		`"and this one …": delivered in [\d.]+ ms, direct`,
		`bob switches off; .*queued`,
		`bob switches on: the message is on his disk [\d.]+ ms after`,
		`kill -9 rendezvous; .*delivered in [\d.]+ ms, direct`,
		`done: every message delivered`,
	)
	if token := regexp.MustCompile(`\.[a-z2-7]{26}`); token.MatchString(p.output.String()) {
		t.Error("the story shows the token of the invite")
	}
}

func TestOnLoopback(t *testing.T) {
	p := start(t, "-loopback")
	p.mustExit(exitcode.OK)
	p.mustTell(
		`^Playing on loopback, without routers: -loopback asks for it`,
		`delivered in [\d.]+ ms, direct`,
		`queued`,
		`done:`,
	)
}

// TestInterrupted proves that nothing is left behind when the audience leaves
// in the middle.
func TestInterrupted(t *testing.T) {
	for _, args := range [][]string{{}, {"-loopback"}} {
		t.Run(strings.Join(append([]string{"demo"}, args...), " "), func(t *testing.T) {
			p := start(t, args...)
			p.await("alice")
			if err := p.command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			p.mustExit(exitcode.Interrupted)
		})
	}
}

func TestNoLabIsExplained(t *testing.T) {
	var out, errOut strings.Builder
	forbidden := func(func() int) (int, error) {
		return 0, fmt.Errorf("%w: this kernel forbids it", errNoLab)
	}
	if code := run(t.Context(), []string{programs}, &out, &errOut, forbidden); code != exitcode.OK {
		t.Fatalf("exit code %d, want 0\n%s%s", code, &out, &errOut)
	}
	if !strings.HasPrefix(out.String(), "Playing on loopback, without routers: no network lab: this kernel forbids it.") {
		t.Errorf("the story begins with %.200q", out.String())
	}
}

func TestProgramsThatAreNotThere(t *testing.T) {
	for _, test := range []struct {
		proves string
		args   []string
		code   int
		says   string
	}{
		{"no directory", nil, exitcode.Usage, "say where the built programs are"},
		{"two directories", []string{"a", "b"}, exitcode.Usage, "say where the built programs are"},
		{"an unknown flag", []string{"-x", programs}, exitcode.Usage, "-x"},
		{"a directory without programs", []string{"-loopback", t.TempDir()}, exitcode.Other, "peerd demo"},
	} {
		t.Run(test.proves, func(t *testing.T) {
			var out, errOut strings.Builder
			if code := run(t.Context(), test.args, &out, &errOut, enterLab); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(errOut.String(), test.says) {
				t.Errorf("stderr is %q, want it to say %q", errOut.String(), test.says)
			}
		})
	}
}

// TestProgramThatFails proves that a story that goes wrong says where, and is
// cleaned up like one that goes well.
func TestProgramThatFails(t *testing.T) {
	p := perform(t, t.TempDir())
	p.mustExit(exitcode.Other)
	p.mustTell(`error: the demonstration failed: .*no such file or directory`)
}

// performance is a demonstration under way, with temporary files of its own.
type performance struct {
	t       *testing.T
	command *exec.Cmd
	output  *transcript
	ended   chan error
	files   string
}

// start starts a demonstration with the programs that were built.
func start(t *testing.T, args ...string) *performance {
	t.Helper()
	return perform(t, append(args, programs)...)
}

func perform(t *testing.T, args ...string) *performance {
	t.Helper()
	p := &performance{t: t, output: newTranscript(), ended: make(chan error, 1), files: t.TempDir()}
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	t.Cleanup(cancel)
	p.command = exec.CommandContext(ctx, filepath.Join(programs, "demo"), args...)
	p.command.Env = append(os.Environ(), "TMPDIR="+p.files, "TMP="+p.files)
	p.command.Stdout, p.command.Stderr = p.output, p.output
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.command.Wait() }()
	return p
}

// await waits until the story has come to a word.
func (p *performance) await(word string) {
	p.t.Helper()
	for {
		text, grown := p.output.read()
		if strings.Contains(text, word) {
			return
		}
		select {
		case <-grown:
		case err := <-p.ended:
			p.t.Fatalf("the story ended (%v) without %q:\n%s", err, word, p.output)
		}
	}
}

// mustExit waits for the end, which has to have an exit code and to leave
// nothing behind.
func (p *performance) mustExit(code int) {
	p.t.Helper()
	<-p.ended
	if got := p.command.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d\n%s", got, code, p.output)
	}
	left, err := os.ReadDir(p.files)
	if err != nil || len(left) > 0 {
		p.t.Errorf("files left behind: %v, %v", left, err)
	}
	if running := processesOf(p.files); len(running) > 0 {
		p.t.Errorf("processes left behind: %q", running)
	}
}

// mustTell checks that the story has lines that match the patterns, in order.
func (p *performance) mustTell(patterns ...string) {
	p.t.Helper()
	text := p.output.String()
	rest := text
	for _, pattern := range patterns {
		found := regexp.MustCompile("(?m)" + pattern).FindStringIndex(rest)
		if found == nil {
			p.t.Fatalf("the story does not go on with %q:\n%s", pattern, text)
		}
		rest = rest[found[1]:]
	}
}

// processesOf lists the command lines of processes that keep their state below
// dir, on systems that have /proc.
func processesOf(dir string) []string {
	var running []string
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), dir) {
			running = append(running, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return running
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"unicode"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// openTerminal returns both ends of a terminal that passes on what it gets as it is.
func openTerminal(t *testing.T) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := term.MakeRaw(int(program.Fd())); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: 400}); err != nil {
		t.Fatal(err)
	}
	return screen, program
}

// onTerminal runs a command with a terminal for its output and returns what arrives.
func onTerminal(t *testing.T, args []string) string {
	t.Helper()
	screen, program := openTerminal(t)
	defer screen.Close()
	var shown bytes.Buffer
	var reader sync.WaitGroup
	reader.Go(func() { io.Copy(&shown, screen) }) // ends when the program's end is closed
	ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
	defer cancel()
	run(ctx, args, stdio{in: strings.NewReader(""), out: program, err: program})
	program.Close()
	reader.Wait()
	return shown.String()
}

// TestT19NothingSteersARealTerminal is about what commands do on a terminal only: the
// bars of moving files move the cursor, and nothing of what moves does.
func TestT19NothingSteersARealTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("f", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	forbidden := []string{"\x1b]", "\x1bP", "\x1bc", "\x1b[2J", "\x1b[6n", "\x1b[31m", "\x07", "\x08", "\x00", "\x7f", "\n" + apitest.Forged}
	for _, daemon := range []*apitest.Hostile{{}, {Flag: true}, {Word: nthWords(3)}, {Word: nthWords(6), Flag: true}} {
		socket := apitest.Serve(t, daemon)
		for _, line := range [][]string{
			{"file", "send", "f", apitest.Attack}, {"file", "accept", apitest.Attack}, {"file", "ls"}, {"status"}, {"read"}, {"send", apitest.Attack, "hi"},
			{"--json", "read"}, {"--json", "status"},
		} {
			shown := onTerminal(t, append([]string{"--socket", socket, "--timeout", hangGuard.String()}, line...))
			for _, sequence := range forbidden {
				if strings.Contains(shown, sequence) {
					t.Errorf("%q: %q is on the terminal: %q", line, sequence, shown)
				}
			}
			if i := strings.IndexFunc(shown, func(r rune) bool {
				return r > 0x7f && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028'
			}); i >= 0 {
				t.Errorf("%q: byte %d is on the terminal: %q", line, i, shown)
			}
			if !strings.Contains(shown, apitest.Marker) && daemon.Word == nil {
				t.Errorf("%q: nothing was shown: the test proves nothing", line)
			}
		}
	}
}

// TestT19HookGetsNothingButARow: what a peer wrote is on the standard input of a hook,
// as a row that may be shown, and neither an argument, nor in the environment, nor run.
func TestT19HookGetsNothingButARow(t *testing.T) {
	t.Chdir(t.TempDir())
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	h := hook{
		path: shell, args: []string{"-c", `cat; echo ---; env; echo ---; printf '%s|' "$0" "$@"`, "hook", "own"},
		env: hookEnvironment(os.Environ(), nil), timeout: hangGuard, out: &out, err: &out,
	}
	daemon := &apitest.Hostile{}
	for e := range daemon.Subscribe(t.Context(), api.EventTypes...) {
		out.Reset()
		if err := h.run(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		row, rest, _ := strings.Cut(out.String(), "---\n")
		if !strings.Contains(row, apitest.Marker) || strings.Count(row, "\n") != 1 || steers(row) != "" {
			t.Errorf("%s: the row is %q", e.EventType(), row)
		}
		if strings.Contains(rest, apitest.Marker) || !strings.HasSuffix(rest, "---\nhook|own|") {
			t.Errorf("%s: environment and arguments are %q", e.EventType(), rest)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("something was run: %v, %v", entries, err)
	}
}

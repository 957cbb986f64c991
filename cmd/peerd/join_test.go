package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"peerd/internal/exitcode"
)

// TestInterruptedWhileAskingForTheInvite proves that Ctrl-C works while peerd
// waits for somebody to paste the invite.
func TestInterruptedWhileAskingForTheInvite(t *testing.T) {
	terminal, typing := io.Pipe()
	defer typing.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	var errOut strings.Builder
	dir := t.TempDir()
	code := run(ctx, []string{"run", "--state", dir, "--join", "-"}, stdio{terminal, io.Discard, &errOut})
	if code != exitcode.Interrupted {
		t.Errorf("exit code %d, want %d: %s", code, exitcode.Interrupted, &errOut)
	}
}

func TestFirstLine(t *testing.T) {
	for _, test := range []struct{ proves, text, want string }{
		{"a line ends with Enter, not with the end of input", "peerd://a\nmore", "peerd://a\n"},
		{"blank lines before it are passed over", "\n \r\npeerd://a\r\n", "peerd://a\r\n"},
		{"the last line needs no line break", "peerd://a", "peerd://a"},
		{"nothing is nothing", "\n\n", ""},
		{"what never ends is cut short", strings.Repeat("x", maxInvite+1), strings.Repeat("x", maxInvite)},
	} {
		t.Run(test.proves, func(t *testing.T) {
			if got, err := firstLine(strings.NewReader(test.text)); err != nil || got != test.want {
				t.Errorf("first line is %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

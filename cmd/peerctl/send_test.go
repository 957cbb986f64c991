package main

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"

	"peerd/internal/exitcode"
)

// At a terminal, a missing text is a mistake: reading stdin would look like a
// program that hangs.
func TestNoTextIsAwaitedFromATerminal(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/ptmx as Linux has it")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var stdout, stderr bytes.Buffer
	for line, next := range map[string]string{"send bob": "peerctl send PEER", "edit last": "peerctl edit ID"} {
		stderr.Reset()
		code := run(t.Context(), append([]string{"--lang", "en"}, strings.Fields(line)...), stdio{terminal, &stdout, &stderr})
		want := "error: no message: the text is missing\nhint: " + next + " TEXT, or: … | " + next + "\n"
		if code != exitcode.Usage || stderr.String() != want {
			t.Errorf("%s: exit code %d, stderr %q", line, code, stderr.String())
		}
	}
}

func TestReadText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"the last line break does not count":      {"a\n", "a"},
		"nor does that of another system":         {"a\r\n", "a"},
		"only the last one is dropped":            {"a\n\n", "a\n"},
		"a carriage return alone is text":         {"a\r", "a\r"},
		"text without a line break is left alone": {"a", "a"},
		"nothing stays nothing":                   {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := readText(strings.NewReader(c.in)); got != c.want || err != nil {
				t.Errorf("readText(%q) = %q, %v; want %q", c.in, got, err, c.want)
			}
		})
	}
}

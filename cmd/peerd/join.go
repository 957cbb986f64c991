package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"peerd/internal/exitcode"
	"peerd/internal/invite"
)

// maxInvite bounds what is read as an invite: a host name and 200 characters.
const maxInvite = 4 << 10

// readInvite reads the invite from the argument, from @FILE, or from standard
// input for -, so that it need not show in the list of processes.
func readInvite(ctx context.Context, argument string, io stdio) (*invite.Invite, error) {
	text := argument
	var err error
	switch {
	case argument == "":
		return nil, nil
	case argument == "-":
		text, err = askForInvite(ctx, io)
	case strings.HasPrefix(argument, "@"):
		text, err = readInviteFile(argument[1:])
	}
	if err != nil {
		return nil, fmt.Errorf("read invite: %w", err)
	}
	joined, err := invite.Parse(text)
	if err != nil {
		return nil, exitcode.With(exitcode.Usage, err)
	}
	if text == argument {
		fmt.Fprintln(io.err, "note: other users of this machine can read the invite in the list of processes: next time --join - or --join @FILE")
	}
	return &joined, nil
}

func readInviteFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", exitcode.With(exitcode.Usage, err)
	}
	defer file.Close()
	return firstLine(file)
}

// askForInvite reads the invite from standard input, which may be a terminal.
func askForInvite(ctx context.Context, io stdio) (string, error) {
	if f, ok := io.in.(*os.File); ok && isTerminal(f) {
		fmt.Fprintln(io.err, "paste the invite and press Enter:")
	}
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	// Nothing but the end of the process ends a read from a terminal, so an
	// interruption does not wait for it.
	go func() {
		text, err := firstLine(io.in)
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		return a.text, a.err
	case <-ctx.Done():
		return "", exitcode.With(exitcode.Interrupted, ctx.Err())
	}
}

// firstLine returns the first line that is not blank, or what there is of it.
func firstLine(r io.Reader) (string, error) {
	reader := bufio.NewReader(io.LimitReader(r, maxInvite))
	for {
		line, err := reader.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return line, nil
		}
		if err != nil || strings.TrimSpace(line) != "" {
			return line, err
		}
	}
}

package main

import (
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
func readInvite(argument string, in io.Reader) (*invite.Invite, error) {
	text := argument
	switch {
	case argument == "":
		return nil, nil
	case argument == "-":
		raw, err := io.ReadAll(io.LimitReader(in, maxInvite))
		if err != nil {
			return nil, fmt.Errorf("read invite: %w", err)
		}
		text = string(raw)
	case strings.HasPrefix(argument, "@"):
		var err error
		if text, err = readInviteFile(argument[1:]); err != nil {
			return nil, exitcode.With(exitcode.Usage, fmt.Errorf("read invite: %w", err))
		}
	}
	joined, err := invite.Parse(text)
	if err != nil {
		return nil, exitcode.With(exitcode.Usage, err)
	}
	return &joined, nil
}

func readInviteFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxInvite))
	return string(raw), err
}

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"peerd/peer/api"
)

// killGrace is how long a hook that was killed may keep our output open through
// a child of its own.
const killGrace = 2 * time.Second

// hook is a command that is run for events, directly: no shell sees any of it,
// so nothing that a peer wrote can become a command. What happened is a row of
// JSON on its stdin.
type hook struct {
	path     string // of the program
	args     []string
	env      []string
	timeout  time.Duration // after which it is killed
	out, err io.Writer
}

// findHook looks the program up, the way shells do, but never in the current
// directory unless the user has written it so.
func findHook(name string, args []string) (hook, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if errors.Is(err, exec.ErrDot) {
		return hook{}, usage(fmt.Errorf("%q is in the current directory only: write %s", name, "."+string(filepath.Separator)+name))
	}
	if err != nil {
		return hook{}, usage(fmt.Errorf("cannot run %q: %w", name, err))
	}
	return hook{path: path, args: args}, nil
}

// cursor is the name of the hook's own cursor: other arguments make another one.
func (h hook) cursor() string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{h.path}, h.args...), "\x00")))
	name := strings.ToValidUTF8(filepath.Base(h.path), "_")
	return fmt.Sprintf("%.64s-%x", name, sum[:4])
}

// run runs the hook with an event. An interrupted ctx does not interrupt it: a
// hook is never killed half-way because somebody pressed Ctrl-C.
func (h hook) run(ctx context.Context, event api.Event) error {
	var row bytes.Buffer
	if err := api.WriteRow(&row, event); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.timeout)
	defer cancel()
	command := exec.CommandContext(ctx, h.path, h.args...)
	command.Stdin, command.Stdout, command.Stderr = &row, h.out, h.err
	command.Env = h.env
	command.WaitDelay = killGrace
	ownGroup(command)
	err := command.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("killed after %s", h.timeout)
	}
	return err
}

// passedOn are the variables that a hook gets, besides those of the locale: what
// programs need to find their files, the session and the daemon. Everything else
// stays here, since shells are full of other programs' tokens and passwords.
var passedOn = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "TERM", "LANG", "LANGUAGE",
	"DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "PEERD_SOCKET",
	"SYSTEMROOT", "WINDIR", "TEMP", "TMP", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
}

// hookEnvironment is what a hook gets of our environment: the variables passed
// on to every hook, and those the user names.
func hookEnvironment(environment, named []string) (env []string) {
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(passedOn, strings.ToUpper(name)) || slices.Contains(named, name) ||
			strings.HasPrefix(name, "LC_") || strings.HasPrefix(name, "XDG_") {
			env = append(env, entry)
		}
	}
	return env
}

// checkNamed makes sure that the variables a user names are there.
func checkNamed(named []string) error {
	for _, name := range named {
		if _, ok := os.LookupEnv(name); !ok {
			return usage(fmt.Errorf("there is no environment variable %q to pass on", name))
		}
	}
	return nil
}

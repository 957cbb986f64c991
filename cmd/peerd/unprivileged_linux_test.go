package main

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// nobody is the user and group that owns nothing.
const nobody = 65534

// unprivileged runs a command as a user who is not root: as nobody when we are.
func unprivileged(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	// The test binary lies where nobody may look, but it is open already. Its
	// name says which command it is.
	command := exec.CommandContext(ctx, "/proc/self/exe", args[2:]...)
	command.Args[0] = args[1]
	command.Dir = "/" // it may not be in the script's directory
	command.Env = append(os.Environ(), "TMPDIR="+os.TempDir())
	command.Stdout, command.Stderr = ts.Stdout(), ts.Stderr()
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	wantExit(ts, command.Run(), want)
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// farewell is how long an interrupted "peerd demo" may take to clean up.
const farewell = 5 * time.Second

// onLoopback runs "peerd demo", which needs no permissions, and says why.
func onLoopback(ctx context.Context, binaries, cause string, out, errOut io.Writer) error {
	fmt.Fprintf(out, "Playing on loopback, without routers: %s.\n\n", cause)
	command := exec.CommandContext(ctx, filepath.Join(binaries, "peerd"), "demo")
	command.Stdout, command.Stderr = out, errOut
	command.WaitDelay = farewell
	if runtime.GOOS != "windows" { // where no process can be interrupted, it is killed
		command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	}
	if err := command.Run(); err != nil {
		return fmt.Errorf("peerd demo: %w", err)
	}
	return nil
}

//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group: Ctrl-C on our terminal is not for
// it, and when its time is up, its children end with it.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}

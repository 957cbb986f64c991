package main

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group: Ctrl-C on our terminal is not for it.
func ownGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

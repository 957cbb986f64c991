package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"peerd/internal/listening"
)

// TestT17RendezvousListensNowhereElse runs the program as people run it, on a network of its own,
// and asks the kernel where it can be reached. coturn was broken into through an admin
// port that nobody had asked for.
func TestT17RendezvousListensNowhereElse(t *testing.T) {
	dir := t.TempDir()
	usual := []listening.Socket{
		{Network: "tcp", Local: "[::]:7700"},
		{Network: "udp", Local: "[::]:7700"}, {Network: "udp", Local: "[::]:7701"},
		{Network: "unix", Local: dir}, // the admin socket,
	}
	for name, c := range map[string]struct {
		flags []string
		want  []listening.Socket
	}{
		"default flags": {nil, usual},
		"with metrics": {
			[]string{"--metrics", "127.0.0.1:9100"},
			slices.Insert(slices.Clone(usual), 0, listening.Socket{Network: "tcp", Local: "127.0.0.1:9100"}),
		},
		"with the classic protocol": {
			[]string{"--classic", ":7799"},
			slices.Concat(
				[]listening.Socket{{Network: "tcp", Local: "0.0.0.0:7799"}, usual[0], {Network: "udp", Local: "0.0.0.0:7799"}},
				usual[1:],
			),
		},
	} {
		t.Run(name, func(t *testing.T) {
			program := startAlone(t, append([]string{"run", "--state", dir}, c.flags...)...)
			found, err := listening.Of(program.Process.Pid)
			for i, socket := range found {
				if socket.Network == "unix" { // bound under another name, see privatesocket
					found[i].Local = filepath.Dir(filepath.Dir(socket.Local))
				}
			}
			if err != nil || !slices.Equal(found, c.want) {
				t.Errorf("it listens on %v (%v), want %v", found, err, c.want)
			}
		})
	}
}

// startAlone starts the program on a network without anything, and waits until it is
// ready. It ends with the test.
func startAlone(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), self)
	program.Args = append([]string{"rendezvous"}, args...)
	program.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	program.Stderr = t.Output()
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal("start the program in namespaces of its own: ", err)
	}
	t.Cleanup(func() {
		program.Process.Signal(os.Interrupt)
		program.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return program
		}
	}
	t.Fatal("it did not get ready")
	return nil
}

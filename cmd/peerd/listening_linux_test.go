package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"peerd/internal/listening"
	"peerd/rendezvous"
)

// TestT17PeerdListensNowhereElse runs the program as people run it, logged in, and asks the
// kernel where it can be reached: at one UDP port and its control socket. The UDP
// sockets it measures NATs with are closed again.
func TestT17PeerdListensNowhereElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a network of its own in a thread")
	}
	if err := onNetworkOfOurOwn(); err != nil {
		t.Fatal(err)
	}
	invite := serveCircle(t)
	dir, err := os.MkdirTemp("", "peerd") // sockets may not have long paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program := startPeer(t, "run", "--state", dir, "--name", "alice", "--join", invite)
	for deadline := time.Now().Add(hangGuard); ; time.Sleep(5 * time.Millisecond) {
		found, err := listening.Of(program.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		var udp, sockets int
		for _, socket := range found {
			switch {
			case socket.Network == "udp":
				udp++
			case socket.Network == "unix" && filepath.Dir(filepath.Dir(socket.Local)) == dir:
				sockets++ // bound under another name, see privatesocket
			default:
				t.Fatalf("it can be reached at %v", socket)
			}
		}
		if udp == 1 && sockets == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it can be reached at %v", found)
		}
	}
}

// serveCircle runs a rendezvous until the test ends, and returns an invite.
func serveCircle(t *testing.T) string {
	t.Helper()
	server, err := rendezvous.Open(rendezvous.Config{Listen: "127.0.0.1:0", StateDir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	invite, err := server.CreateInvite(1, time.Hour)
	if err != nil {
		t.Fatal(errors.Join(err, server.Close()))
	}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(ctx) })
	t.Cleanup(func() { cancel(); serving.Wait() })
	return invite.String()
}

// startPeer starts the program and waits until it is logged in. It ends with the test.
func startPeer(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(t.Context(), self)
	program.Args = append([]string{"peerd"}, args...)
	program.Env = append(os.Environ(), "PEERD_SOCKET=")
	program.Stderr = t.Output()
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
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

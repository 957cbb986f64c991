//go:build unix

package privatesocket

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// askAs makes the test binary a client of the socket in the variable's value, which
// says whether it recognises the listener.
const askAs = "PRIVATESOCKET_TEST_ASK"

func TestMain(m *testing.M) {
	path := os.Getenv(askAs)
	if path == "" {
		os.Exit(m.Run())
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		err = Recognise(conn)
	}
	if err != nil {
		os.Stdout.WriteString(err.Error())
		os.Exit(0)
	}
	io.Copy(os.Stdout, conn)
}

// TestT16StrangerIsTurnedAwayOnBothSides connects processes of different users over
// a socket that somebody has opened to all.
func TestT16StrangerIsTurnedAwayOnBothSides(t *testing.T) {
	if os.Geteuid() != 0 || runtime.GOOS != "linux" && runtime.GOOS != "darwin" && runtime.GOOS != "freebsd" {
		t.Skip("only root can start a process of another user, and not every system tells whose a process is")
	}
	dir := t.TempDir()
	path, binary := filepath.Join(dir, "sock"), filepath.Join(dir, "client")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err := errors.Join(err, os.WriteFile(binary, content, 0o755), os.Chmod(path, 0o666), openToAll(dir)); err != nil {
		t.Fatal(err)
	}
	for uid, admitted := range map[uint32]bool{0: true, 65534: false} {
		client := exec.CommandContext(t.Context(), binary)
		client.Env = []string{askAs + "=" + path}
		client.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		answer, err := client.StdoutPipe()
		if err := errors.Join(err, client.Start()); err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		err = Admit(conn)
		if stranger, ok := errors.AsType[*StrangerError](err); ok == admitted || ok && stranger.UID != int(uid) {
			t.Errorf("user %d: got %v, want admitted %v", uid, err, admitted)
		}
		io.WriteString(conn, "hello")
		conn.Close()
		said, _ := io.ReadAll(answer)
		client.Wait()
		if string(said) != "hello" { // root's listener is everybody's friend
			t.Errorf("user %d is served by root and says %q", uid, said)
		}
	}
}

// openToAll lets every user pass through dir and what is above it.
func openToAll(dir string) error {
	err := os.Chmod(dir, 0o755)
	if parent := filepath.Dir(dir); parent != os.TempDir() && parent != dir {
		err = errors.Join(err, os.Chmod(parent, 0o755))
	}
	return err
}

// wrapped hides what a connection is, as limiting and logging listeners do.
type wrapped struct{ net.Conn }

func TestT16WrappedSocketIsNotAdmitted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if Admit(wrapped{conn}) == nil || Recognise(wrapped{conn}) == nil {
		t.Error("who is at the other end was not asked, and it was let in")
	}
}

func TestT16WhatIsNoSocketOfTheMachineIsLeftToItsMode(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	if err := errors.Join(Admit(here), Recognise(there)); err != nil {
		t.Error(err)
	}
}

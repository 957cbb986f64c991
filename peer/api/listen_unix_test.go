//go:build unix

package api_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"peerd/internal/exitcode"
	"peerd/internal/leak"
	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// askAs makes the test binary a client of the socket in the variable's value;
// see TestT16AnotherUserIsRefused.
const askAs = "API_TEST_ASK"

func TestMain(m *testing.M) {
	socket := os.Getenv(askAs)
	if socket == "" {
		os.Exit(leak.Checked(m).Run())
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Fprintf(conn, "GET /v1/status HTTP/1.0\r\nHost: peerd\r\n\r\n")
	var answer [4 << 10]byte
	n, _ := conn.Read(answer[:])
	fmt.Printf("%s", answer[:n])
	os.Exit(0)
}

func listen(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := api.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestT16TheSocketIsPrivateUnderAnyUmask(t *testing.T) {
	for _, umask := range []int{0o000, 0o022, 0o777} {
		t.Run(fmt.Sprintf("%03o", umask), func(t *testing.T) {
			if umask == 0o777 && os.Geteuid() != 0 {
				umask = 0o077 // such a directory would be closed to its own maker
			}
			path := filepath.Join(filepath.Dir(socketPath(t)), "new", "peerd.sock")
			old := syscall.Umask(umask)
			l, err := api.Listen(path)
			syscall.Umask(old)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
				t.Errorf("socket: got %v, %v", info.Mode(), err)
			}
			if info, err := os.Lstat(filepath.Dir(path)); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("directory: got %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestT16TheSocketIsNeverSeenWithAWiderMode(t *testing.T) {
	path := socketPath(t)
	defer syscall.Umask(syscall.Umask(0))
	stop, widest := make(chan struct{}), make(chan fs.FileMode, 1)
	go func() {
		var seen fs.FileMode
		for {
			if info, err := os.Lstat(path); err == nil {
				seen |= info.Mode().Perm()
			}
			select {
			case <-stop:
				widest <- seen
				return
			default:
			}
		}
	}()
	for range 200 {
		l, err := api.Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	close(stop)
	if got := <-widest; got&^0o600 != 0 {
		t.Errorf("the socket was seen with mode %v", got)
	}
}

func TestListenLeavesNothingElseBehind(t *testing.T) {
	path := socketPath(t)
	l := listen(t, path)
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("while listening: %v", entries)
	}
	l.Close()
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("after closing: %v", entries)
	}
}

func TestTheSocketOfADeadDaemonIsReplaced(t *testing.T) {
	path := socketPath(t)
	if err := leaveDead(path); err != nil {
		t.Fatal(err)
	}
	l := listen(t, path)
	go l.Accept()
	dial(t, path)
}

func TestALiveDaemonIsLeftAlone(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	_, err := api.Listen(socket)
	wantCode(t, err, api.CodeOther)
	if err == nil || !strings.Contains(err.Error(), "another daemon is running") {
		t.Errorf("got %v", err)
	}
	if _, err := client(t, socket).Status(guarded(t)); err != nil {
		t.Errorf("the first daemon suffered: %v", err)
	}
}

func TestClosingLeavesASuccessorsSocketAlone(t *testing.T) {
	path := socketPath(t)
	first := listen(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	listen(t, path)
	first.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the successor's socket is gone: %v", err)
	}
}

func TestT16WhatIsNoSocketIsRefused(t *testing.T) {
	for name, plant := range map[string]func(path string) error{
		"a file":      func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"a symbolic link to a file": func(path string) error {
			return errors.Join(os.WriteFile(path+".target", []byte("precious"), 0o600), os.Symlink(path+".target", path))
		},
		"a symbolic link to nothing": func(path string) error { return os.Symlink(path+".nothing", path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := socketPath(t)
			if err := plant(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			_, err := api.Listen(path)
			if exitcode.Of(err) != exitcode.Usage {
				t.Errorf("got %v", err)
			}
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
				t.Error("it was touched")
			}
			if _, err := os.Lstat(path + ".nothing"); err == nil {
				t.Error("the link was followed")
			}
		})
	}
}

func TestT16ADirectoryOthersMayWriteIsRefused(t *testing.T) {
	path := socketPath(t)
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := api.Listen(path)
	wantCode(t, err, api.CodeDenied)
	if os.Geteuid() != 0 {
		return // only root can give a directory away
	}
	if err := errors.Join(os.Chmod(filepath.Dir(path), 0o755), os.Chown(filepath.Dir(path), 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	_, err = api.Listen(path)
	wantCode(t, err, api.CodeDenied)
}

// TestT16ASocketInASharedDirectoryIsOurs is --socket /tmp/peerd.sock: others may put
// something there first, but what we have put there stays.
func TestT16ASocketInASharedDirectoryIsOurs(t *testing.T) {
	path := socketPath(t)
	if err := os.Chmod(filepath.Dir(path), 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	listen(t, path)
	if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("socket: got %v, %v", info.Mode(), err)
	}
}

func TestAPathTooLongForASocketIsAClearError(t *testing.T) {
	_, err := api.Listen(filepath.Join(filepath.Dir(socketPath(t)), strings.Repeat("d", 120), "peerd.sock"))
	wantCode(t, err, api.CodeUsage)
	if err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}

// A socket whose mode somebody has opened to all still serves its owner only.
func TestT16AnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	socket, _ := serve(t, apitest.Circle())
	binary := filepath.Join(filepath.Dir(socket), "client")
	for _, err := range []error{
		copyFile(binary, "/proc/self/exe"), os.Chmod(filepath.Dir(socket), 0o755), os.Chmod(socket, 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ask := func(uid uint32) string {
		command := exec.CommandContext(guarded(t), binary)
		command.Env = []string{askAs + "=" + socket}
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		out, err := command.Output()
		if err != nil {
			t.Fatalf("client of user %d: %v: %s", uid, err, out)
		}
		return string(out)
	}
	if got := ask(65534); !strings.Contains(got, "403 Forbidden") || strings.Contains(got, "alice") {
		t.Errorf("another user got %q", got)
	}
	if got := ask(0); !strings.Contains(got, "200 OK") {
		t.Errorf("the owner got %q", got)
	}
}

func copyFile(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}

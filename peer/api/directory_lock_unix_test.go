//go:build unix

package api_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"peerd/peer/api"
)

// starters is how many daemons these tests start at once.
const starters = 20

// listenAtOnce is as many daemons that start together, each on its own of paths.
func listenAtOnce(t *testing.T, paths []string) (listening int, failed []error) {
	t.Helper()
	listeners, errs := make([]net.Listener, len(paths)), make([]error, len(paths))
	var start, done sync.WaitGroup
	start.Add(1)
	for i, path := range paths {
		done.Go(func() {
			start.Wait()
			listeners[i], errs[i] = api.Listen(path)
		})
	}
	start.Done()
	done.Wait()
	for i, l := range listeners {
		if errs[i] != nil {
			failed = append(failed, errs[i])
			continue
		}
		t.Cleanup(func() { l.Close() })
		dial(t, paths[i])
		listening++
	}
	return listening, failed
}

func TestDaemonsWithSocketsInOneDirectoryStartTogether(t *testing.T) {
	dir := filepath.Dir(socketPath(t))
	paths := make([]string, starters)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprintf("circle%d.sock", i))
	}
	if listening, failed := listenAtOnce(t, paths); listening != starters {
		t.Errorf("%d of %d listen; the others: %v", listening, starters, failed)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != starters {
		t.Errorf("in the directory are %v, want the sockets alone", entries)
	}
}

func TestOfDaemonsThatStartTogetherOnOneSocketOneWins(t *testing.T) {
	for name, prepare := range map[string]func(path string) error{
		"nothing there":               func(string) error { return nil },
		"the socket of a dead daemon": leaveDead,
	} {
		t.Run(name, func(t *testing.T) {
			path := socketPath(t)
			if err := prepare(path); err != nil {
				t.Fatal(err)
			}
			paths := make([]string, starters)
			for i := range paths {
				paths[i] = path
			}
			listening, failed := listenAtOnce(t, paths)
			if listening != 1 {
				t.Errorf("%d daemons listen on one socket", listening)
			}
			for _, err := range failed {
				wantCode(t, err, api.CodeOther)
				if !strings.Contains(err.Error(), "another daemon is running on socket "+path) {
					t.Errorf("refused with %v", err)
				}
			}
		})
	}
}

// leaveDead leaves a socket at path, as kill -9 does.
func leaveDead(path string) error {
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		return err
	}
	dead.SetUnlinkOnClose(false)
	return dead.Close()
}

func TestALockedDirectoryIsWaitedForAndThenNamed(t *testing.T) {
	path := socketPath(t)
	lock := func() *os.File {
		dir, err := os.Open(filepath.Dir(path))
		if err := errors.Join(err, unix.Flock(int(dir.Fd()), unix.LOCK_EX)); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	synctest.Test(t, func(t *testing.T) {
		held := lock()
		time.AfterFunc(5*time.Second, func() { held.Close() })
		listen(t, path)
	})
	defer lock().Close()
	synctest.Test(t, func(t *testing.T) {
		_, err := api.Listen(path)
		wantCode(t, err, api.CodeOther)
		if err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("got %v, want the directory named", err)
		}
	})
}

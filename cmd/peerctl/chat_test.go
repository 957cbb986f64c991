package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"peerd/peer/api"
	"peerd/peer/api/apitest"
)

// screen is a real terminal: a tmux server of the test's own, in which a program
// runs.
type screen struct {
	t      *testing.T
	socket string
}

// openScreen runs a command line in a terminal of this size.
func openScreen(t *testing.T, width, height int, variables map[string]string, command string) *screen {
	t.Helper()
	dir, err := os.MkdirTemp("", "screen") // sockets may not have long paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &screen{t, filepath.Join(dir, "tmux")}
	args := []string{"-u", "-f", os.DevNull, "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height)}
	for name, value := range variables {
		args = append(args, "-e", name+"="+value)
	}
	s.tmux(append(args, command+"; echo exit code $?; cat")...)
	t.Cleanup(func() { s.tmux("kill-server") })
	return s
}

func (s *screen) tmux(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	command := exec.CommandContext(ctx, "tmux", append([]string{"-S", s.socket}, args...)...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMUX=")
	out, err := command.CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q (it has to be installed): %v\n%s", args, err, out)
	}
	return string(out)
}

func (s *screen) types(text string) { s.t.Helper(); s.tmux("send-keys", "-l", text) }

func (s *screen) presses(keys ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

func (s *screen) text() string { s.t.Helper(); return s.tmux("capture-pane", "-p") }

// shows waits until all the texts are on the screen.
func (s *screen) shows(texts ...string) {
	s.t.Helper()
	s.becomes(fmt.Sprintf("with %q", texts), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

func (s *screen) becomes(what string, is func(screen string) bool) {
	s.t.Helper()
	text := s.text()
	for deadline := time.Now().Add(hangGuard); !is(text); text = s.text() {
		if time.Now().After(deadline) {
			s.t.Fatalf("never a screen %s:\n%s", what, text)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// apiServer is a daemon that can be stopped and started again.
type apiServer struct {
	*apitest.Daemon
	t      *testing.T
	socket string
	stop   func()
}

func serveCircle(t *testing.T) *apiServer {
	t.Helper()
	dir, err := os.MkdirTemp("", "peerctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &apiServer{Daemon: apitest.Circle(), t: t, socket: filepath.Join(dir, "peerd.sock")}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *apiServer) start() {
	s.t.Helper()
	l, err := api.Listen(s.socket)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var server sync.WaitGroup
	server.Go(func() { api.Serve(ctx, l, s.Daemon, zerolog.Nop()) })
	s.stop = func() { cancel(); server.Wait() }
}

// openChat runs peerctl chat in a terminal.
func openChat(t *testing.T, daemon *apiServer, width, height int, args string) *screen {
	t.Helper()
	peerctl, err := exec.LookPath("peerctl")
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"PEERD_SOCKET": daemon.socket, "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1"}
	return openScreen(t, width, height, variables, peerctl+" chat "+args)
}

func TestAChatInATerminal(t *testing.T) {
	daemon := serveCircle(t)
	daemon.Receive("nas", "磁盘快满了\ndisk nearly full")
	s := openChat(t, daemon, 80, 24, "bob")

	// Alice sees who is there, and that something waits.
	s.shows("> 1 bob", "direct 18ms", "*1 relay 61ms", "offline 3h", "小明", "1 unread", "nothing has been said here yet")

	// She writes to Bob, in Chinese too, and sees how far it comes.
	daemon.Reach("bob", api.StateQueued)
	s.types("你好 Bob, see you at eight")
	s.shows("> 你好 Bob, see you at eight")
	s.presses("Enter")
	s.shows("me  你好 Bob, see you at eight [queued]")
	daemon.Advance("bob", api.StateDelivered)
	s.shows("see you at eight [delivered]")
	daemon.Advance("bob", api.StateRead)
	s.shows("see you at eight [read]")
	daemon.Receive("bob", "fine, \x1b[2Jbring the keys")
	s.shows(`bob  fine, \x1b[2Jbring the keys`)

	// A paste keeps its lines and does not send itself.
	s.tmux("set-buffer", "first line\nsecond line")
	s.tmux("paste-buffer", "-p")
	s.shows("> first line\n> second line")
	s.presses("Enter")
	s.shows("me  first line\n", "second line [queued]")

	// She changes it, and looks at the other conversation.
	s.presses("Up")
	s.shows("editing your message")
	s.types("!")
	s.presses("Enter")
	s.shows("second line! [edited queued]")
	s.presses("M-a")
	s.shows("> 2 nas", "--- new ---", "nas  磁盘快满了", "disk nearly full")
	s.becomes("without unread messages", func(screen string) bool { return !strings.Contains(screen, "*1 relay") })

	// A smaller terminal leaves the list out, a larger one has it again.
	s.tmux("resize-window", "-x", "40", "-y", "10")
	s.shows("/6 nas", "磁盘快满了")
	s.tmux("resize-window", "-x", "15", "-y", "10")
	s.shows("too small")
	s.tmux("resize-window", "-x", "100", "-y", "30")
	s.shows("> 2 nas", "F1 help")

	// The daemon restarts; what is typed meanwhile stays.
	daemon.stop()
	s.shows("the daemon is gone")
	s.types("still there?")
	s.presses("Enter")
	s.shows("your text stays here", "> still there?")
	daemon.start()
	s.shows("the daemon is back")
	s.presses("Enter")
	s.shows("me  still there? [delivered]")

	s.presses("F1")
	s.shows("/search TEXT", "Alt-1 ... Alt-9")
	s.presses("Escape") // together with the next key it would be Alt
	s.becomes("without help", func(screen string) bool { return !strings.Contains(screen, "Alt-1") })
	s.presses("C-c")
	s.shows("exit code 0")
}

func TestAChatNeedsATerminal(t *testing.T) {
	daemon := serveCircle(t)
	command := exec.Command("peerctl", "chat")
	command.Env = append(os.Environ(), "PEERD_SOCKET="+daemon.socket)
	out, _ := command.CombinedOutput()
	if command.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "chat needs a terminal") {
		t.Errorf("%v: %s", command.ProcessState, out)
	}
}

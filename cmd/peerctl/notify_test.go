package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"peerd/internal/desktop/desktoptest"
	"peerd/peer/api"
)

// startNotify runs peerctl notify and returns its output, once it has subscribed;
// stop interrupts it and returns what it said.
func startNotify(t *testing.T, daemon *apiServer, bus string, args ...string) (lines *bufio.Scanner, stop func() string) {
	t.Helper()
	command := exec.Command("peerctl", append([]string{"notify"}, args...)...)
	command.Env = append(os.Environ(), "PEERD_SOCKET="+daemon.socket, "DBUS_SESSION_BUS_ADDRESS="+bus, "LC_ALL=C")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	command.Stderr = &said
	before := daemon.Subscriptions()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceValue(func() string {
		command.Process.Signal(os.Interrupt)
		if command.Wait(); command.ProcessState.ExitCode() != 130 {
			t.Errorf("interrupted: %v: %s", command.ProcessState, &said)
		}
		return said.String()
	})
	t.Cleanup(func() { stop() })
	await(t, "notify subscribes", func() bool { return daemon.Subscriptions() > before })
	return bufio.NewScanner(out), stop
}

func TestArrivalsAreToldOnTheDesktopAndHere(t *testing.T) {
	daemon, server := serveCircle(t), desktoptest.Start(t, "body", "body-markup")
	lines, _ := startNotify(t, daemon, server.Address)
	for i := range 50 {
		daemon.Receive("bob", fmt.Sprintf("message <b>%d</b>", i))
	}
	want := desktoptest.Notice{Summary: "bob (50 new messages)", Body: "message &lt;b&gt;49&lt;/b&gt;"}
	if got := server.Next(); got != want || server.Waiting() != 0 {
		t.Errorf("got %q and %d more, want %q alone", got, server.Waiting(), want)
	}
	if !lines.Scan() || !strings.HasSuffix(lines.Text(), "bob (50 new messages)  message <b>49</b>") {
		t.Errorf("told %q", lines.Text())
	}

	// What has been read before it could be told is not told.
	daemon.Receive("nas", "seen at once")
	messages, err := daemon.Read(t.Context(), api.ReadRequest{From: "nas"})
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.MarkRead(t.Context(), api.ReadMark{UpTo: messages[0].ID}); err != nil {
		t.Fatal(err)
	}
	daemon.Receive("小明", "在吗？")
	if got, want := server.Next(), (desktoptest.Notice{Summary: "小明", Body: "在吗？"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(daemon.Marks()) != 1 {
		t.Errorf("notify has marked messages read: %v", daemon.Marks())
	}
}

func TestAPrivateNoticeDoesNotShowTheText(t *testing.T) {
	daemon, server := serveCircle(t), desktoptest.Start(t, "body")
	startNotify(t, daemon, server.Address, "--private", "--hide-sender")
	daemon.Receive("bob", "secret")
	if got, want := server.Next(), (desktoptest.Notice{Summary: "peerd", Body: "1 new message"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithoutADesktopArrivalsAreToldHere(t *testing.T) {
	daemon := serveCircle(t)
	lines, stop := startNotify(t, daemon, "unix:path=/nonexistent/bus")
	daemon.Receive("bob", "hello\nsecond line")
	if !lines.Scan() || !strings.HasSuffix(lines.Text(), "  bob  hello") || !lines.Scan() || lines.Text() != "    second line" {
		t.Errorf("told %q", lines.Text())
	}
	if said := stop(); strings.Count(said, "no notices on a desktop, only here") != 1 {
		t.Errorf("said %q", said)
	}
}

// The bell is for terminals: in a file it would be dirt.
func TestTheBellRingsInATerminal(t *testing.T) {
	daemon := serveCircle(t)
	peerctl, err := exec.LookPath("peerctl")
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"PEERD_SOCKET": daemon.socket, "LC_ALL": "C.UTF-8", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
	s := openScreen(t, 80, 24, variables, peerctl+" notify")
	s.tmux("set-option", "-g", "monitor-bell", "on")
	s.tmux("set-option", "-g", "bell-action", "any")
	await(t, "notify subscribes", func() bool { return daemon.Subscriptions() == 1 })
	daemon.Receive("bob", "ding")
	s.shows("bob  ding")
	s.tmux("new-window") // the flag shows on windows that are not on the screen
	daemon.Receive("bob", "dong")
	await(t, "the bell rings", func() bool {
		return strings.HasPrefix(s.tmux("list-windows", "-F", "#{window_bell_flag}"), "1")
	})
}

// await waits until condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hangGuard); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

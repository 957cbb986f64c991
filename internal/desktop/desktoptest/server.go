// Package desktoptest is a desktop for tests: a session bus of the test's own,
// and a server of notices on it that remembers them. It needs the program
// dbus-daemon.
package desktoptest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// config is a session bus for its own user that starts no services.
const config = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`

// hangGuard ends a test that waits for what does not come.
const hangGuard = 20 * time.Second

// A Notice is what was to be shown.
type Notice struct{ Summary, Body string }

// A Server is a desktop. Make one with [Start].
type Server struct {
	Address string // of the bus: the value of DBUS_SESSION_BUS_ADDRESS

	t            testing.TB
	capabilities []string
	notices      chan Notice
}

// Bus starts a session bus without a desktop and returns its address.
func Bus(t testing.TB) (address string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "bus") // sockets may not have long paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, filepath.Join(dir, "bus")), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, "dbus-daemon", "--config-file="+file, "--nofork", "--print-address")
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		cancel()
		t.Fatalf("start dbus-daemon (it has to be installed): %v", err)
	}
	t.Cleanup(func() { cancel(); command.Wait() })
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("read the address of the bus: %v", err)
	}
	return strings.TrimSpace(address)
}

// Start starts a bus and a desktop with these capabilities on it.
func Start(t testing.TB, capabilities ...string) *Server {
	t.Helper()
	s := &Server{Address: Bus(t), t: t, capabilities: capabilities, notices: make(chan Notice, 100)}
	conn, err := dbus.Connect(s.Address)
	if err != nil {
		t.Fatalf("connect to the bus: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	const name = "org.freedesktop.Notifications"
	if err := conn.Export((*server)(s), "/org/freedesktop/Notifications", name); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName(name, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return s
}

// Next waits for a notice.
func (s *Server) Next() Notice {
	s.t.Helper()
	select {
	case notice := <-s.notices:
		return notice
	case <-time.After(hangGuard):
		s.t.Fatal("no notice came")
		return Notice{}
	}
}

// Waiting returns how many notices nobody has asked for.
func (s *Server) Waiting() int { return len(s.notices) }

// server is what is on the bus.
type server Server

func (s *server) GetCapabilities() ([]string, *dbus.Error) { return s.capabilities, nil }

func (s *server) Notify(_ string, _ uint32, _, summary, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	s.notices <- Notice{summary, body}
	return 1, nil
}

package deploy

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hangGuard ends a test that waits for something that never comes.
const hangGuard = 2 * time.Minute

// A service is a program started the way its unit starts it, with us as systemd.
type service struct {
	t       *testing.T
	process *exec.Cmd
	out     *bufio.Scanner
	notify  *net.UnixConn
}

// start runs the ExecStart of a unit. options are the words that the unit takes from
// its environment file.
func start(t *testing.T, bin, unit, state string, options ...string) *service {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "notify")
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notify.Close() })

	words := execStart(t, unit, state, options)
	process := exec.CommandContext(t.Context(), filepath.Join(bin, words[0]), words[1:]...)
	process.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=1000000", "WATCHDOG_PID=")
	process.Stderr = t.Output()
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Wait() }) // the test's context has ended it
	return &service{t: t, process: process, out: bufio.NewScanner(stdout), notify: notify}
}

// execStart expands the command line as systemd does: ${X} in place, $X into words.
func execStart(t *testing.T, unit, state string, options []string) (words []string) {
	for _, word := range strings.Fields(setting(t, unit, "ExecStart")) {
		switch {
		case word == "${STATE_DIRECTORY}":
			words = append(words, state)
		case strings.HasPrefix(word, "$"):
			words = append(words, options...)
		default:
			words = append(words, word)
		}
	}
	return words
}

// line returns the next line of standard output.
func (s *service) line() string {
	s.t.Helper()
	if !s.out.Scan() {
		s.t.Fatalf("no more output: %v", s.out.Err())
	}
	return s.out.Text()
}

// expect waits until systemd is told a state.
func (s *service) expect(state string) {
	s.t.Helper()
	if err := s.notify.SetReadDeadline(time.Now().Add(hangGuard)); err != nil {
		s.t.Fatal(err)
	}
	message := make([]byte, 256)
	for {
		n, err := s.notify.Read(message)
		if err != nil {
			s.t.Fatalf("%s never came: %v", state, err)
		}
		if string(message[:n]) == state {
			return
		}
	}
}

// stop ends the service as systemd does.
func (s *service) stop() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	s.expect("STOPPING=1")
	if err := s.process.Wait(); err != nil {
		s.t.Errorf("%s stopped with %v", s.process.Path, err)
	}
}

// A rendezvous and a peer come up, are seen alive and go down as their units expect.
func TestServicesTellSystemdHowTheyAre(t *testing.T) {
	bin := programs(t)
	coordinator := start(t, bin, "systemd/rendezvous.service", t.TempDir(), "--listen", "127.0.0.1:0")
	invite := coordinator.line()
	coordinator.expect("READY=1")
	coordinator.expect("WATCHDOG=1")

	file := filepath.Join(t.TempDir(), "invite")
	if err := os.WriteFile(file, []byte(invite), 0o600); err != nil {
		t.Fatal(err)
	}
	peer := start(t, bin, "systemd/peerd.service", t.TempDir(), "--listen", "127.0.0.1:0", "--name", "nas", "--join", "@"+file)
	peer.expect("READY=1")
	peer.expect("WATCHDOG=1")
	peer.stop()
	coordinator.stop()
}

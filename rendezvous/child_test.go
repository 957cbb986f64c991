package rendezvous

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"

	"peerd/internal/invite"
	"peerd/internal/leak"
)

// childVariable makes the test binary a rendezvous instead of running tests, so
// that its memory is not mixed with its clients'.
const childVariable = "RENDEZVOUS_TEST_CHILD"

func TestMain(m *testing.M) {
	if directory := os.Getenv(childVariable); directory != "" {
		if err := serveChild(directory); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(leak.Checked(m).Run())
}

// serveChild prints an invite, and for every line it reads the memory it uses,
// until its standard input ends.
func serveChild(directory string) error {
	s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: directory})
	if err != nil {
		return err
	}
	secret, err := s.CreateInvite(1_000_000, time.Hour)
	if err != nil {
		return err
	}
	fmt.Println(secret.String())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			debug.FreeOSMemory()
			fmt.Println(residentBytes())
		}
	}()
	return s.Serve(ctx)
}

// child is a rendezvous in a process of its own.
type child struct {
	t       testing.TB
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  *bufio.Scanner
	invite  invite.Invite
}

// startChild starts one on the given state directory. It is killed when the
// test ends.
func startChild(t testing.TB, directory string) *child {
	t.Helper()
	c := &child{t: t, command: exec.Command(os.Args[0])}
	c.command.Env = append(os.Environ(), childVariable+"="+directory)
	c.command.Stderr = os.Stderr
	stdin, err := c.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin, c.stdout = stdin, bufio.NewScanner(stdout)
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	if c.invite, err = invite.Parse(c.line()); err != nil {
		t.Fatal(err)
	}
	return c
}

// line returns the next line of the child's output.
func (c *child) line() string {
	c.t.Helper()
	if !c.stdout.Scan() {
		c.t.Fatal("the rendezvous ended")
	}
	return c.stdout.Text()
}

// kill ends the child as a power cut would.
func (c *child) kill() {
	_ = c.command.Process.Kill()
	_ = c.command.Wait()
}

// Who was welcomed is a member, and an invite's use is spent, even if the
// process is killed the next moment.
func TestKilledServerForgetsNoMember(t *testing.T) {
	directory := t.TempDir()
	first := startChild(t, directory)
	loginIdle(t, first.invite, 3, 0)
	first.kill()

	s, err := Open(Config{Listen: "127.0.0.1:0", StateDir: directory})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	members, err := s.state.members()
	if err != nil || len(members) != 3 {
		t.Errorf("%d members, %v; want 3", len(members), err)
	}
	for key := range members {
		if row, ok := s.hub.table.Row(key); !ok || row.Online || row.Since.IsZero() {
			t.Errorf("a member's row is %+v, %v", row, ok)
		}
	}
	invites, err := s.state.invites(time.Now())
	if err != nil || len(invites) != 1 || invites[0].Uses-invites[0].UsesLeft != 3 {
		t.Errorf("invites are %+v, %v; want one with three uses spent", invites, err)
	}
}

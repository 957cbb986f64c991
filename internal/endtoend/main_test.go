//go:build linux

// Package endtoend tests the whole: the real programs, as child processes, on a
// test internet of real home routers. Each test is a story a user could tell.
package endtoend

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// binaries is where TestMain has built the programs.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	// Entered twice where the lab needs a user namespace: build only once.
	binaries = os.Getenv("ENDTOEND_BINARIES")
	if binaries == "" {
		dir, err := os.MkdirTemp("", "endtoend-*")
		if err != nil {
			fmt.Fprintln(os.Stderr, "make directory for binaries:", err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-trimpath", "-o", dir+string(filepath.Separator), "peerd/cmd/...")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the programs: %v\n%s", err, out)
			return 1
		}
		binaries = dir
		os.Setenv("ENDTOEND_BINARIES", dir)
	}
	return natlab.Main(m)
}

// The links of the design: home uplinks of 20 ms, a VPS at 5 ms. Between homes
// a round trip takes 80 ms, through the VPS 100 ms.
var (
	homeLink = natlab.Link{Delay: 20 * time.Millisecond}
	vpsLink  = natlab.Link{Delay: 5 * time.Millisecond}
)

// newStage starts a rendezvous on a test internet.
func newStage(t testing.TB) (*natlab.Lab, *stage.Stage) {
	t.Helper()
	lab := natlab.New(t)
	s := stage.New(lab.PublicHost("vps", vpsLink), binaries, t.TempDir())
	if err := s.StartRendezvous(); err != nil {
		t.Fatal(err)
	}
	return lab, s
}

func join(t testing.TB, s *stage.Stage, host *natlab.Host, name string) *stage.Peer {
	t.Helper()
	p, err := s.Peer(host, name)
	if err != nil {
		t.Fatalf("join %s: %v", name, err)
	}
	return p
}

// pair joins alice and bob, each at a home of its own.
func pair(t testing.TB, a, b natlab.NAT) (*natlab.Lab, *stage.Stage, *homes) {
	t.Helper()
	lab, s := newStage(t)
	h := &homes{
		aliceHome: lab.Home("alice-home", a, homeLink),
		bobHome:   lab.Home("bob-home", b, homeLink),
	}
	h.alice = join(t, s, h.aliceHome.Host("alice"), "alice")
	h.bob = join(t, s, h.bobHome.Host("bob"), "bob")
	meet(t, h.alice, h.bob)
	return lab, s, h
}

// meet waits until two peers see each other online.
func meet(t testing.TB, a, b *stage.Peer) {
	t.Helper()
	if err := stage.Meet(a, b); err != nil {
		t.Fatal(err)
	}
}

// homes are two peers and their routers.
type homes struct {
	aliceHome, bobHome *natlab.Home
	alice, bob         *stage.Peer
}

// send sends a message and returns its row, which has to be delivered.
func send(t testing.TB, from *stage.Peer, to, text string) stage.Row {
	t.Helper()
	rows, result, err := from.Rows("--timeout", "20s", "send", to, text)
	if err != nil || result.ExitCode != 0 || len(rows) != 1 {
		t.Fatalf("%s sends to %s: exit %d, %v\n%s%s", from.Name, to, result.ExitCode, err, result.Stdout, result.Stderr)
	}
	if state := rows[0].Text("state"); state != "delivered" {
		t.Fatalf("%s sends to %s: state %q, want delivered", from.Name, to, state)
	}
	return rows[0]
}

// awaitDirect waits until a peer sees a direct path to another.
func awaitDirect(t testing.TB, p *stage.Peer, to string) stage.Row {
	t.Helper()
	rows, result, err := p.Rows("--timeout", "20s", "wait", "direct", to)
	if err != nil || result.ExitCode != 0 {
		t.Fatalf("%s waits for a direct path to %s: exit %d, %v\n%s%s", p.Name, to, result.ExitCode, err, result.Stdout, result.Stderr)
	}
	return lastRow(t, rows)
}

func lastRow(t testing.TB, rows []stage.Row) stage.Row {
	t.Helper()
	if len(rows) == 0 {
		t.Fatal("no row was printed")
	}
	return rows[len(rows)-1]
}

// path asks a peer which path it uses to another.
func path(t testing.TB, p *stage.Peer, to string) stage.Row {
	t.Helper()
	rows, result, err := p.Rows("peers")
	if err != nil || result.ExitCode != 0 {
		t.Fatalf("%s lists peers: exit %d, %v %s", p.Name, result.ExitCode, err, result.Stderr)
	}
	for _, row := range rows {
		if row.Text("name") == to {
			return row
		}
	}
	t.Fatalf("%s does not list %s: %v", p.Name, to, rows)
	return nil
}

// received returns the texts a peer has received from another, in order.
func received(t testing.TB, p *stage.Peer, from string) []string {
	t.Helper()
	rows, result, err := p.Rows("read", from)
	if err != nil || result.ExitCode != 0 {
		t.Fatalf("%s reads: exit %d, %v %s", p.Name, result.ExitCode, err, result.Stderr)
	}
	var texts []string
	for _, row := range rows {
		texts = append(texts, row.Text("text"))
	}
	return texts
}

// eventually polls a condition until it holds; there is no event to wait for.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	eventuallyWithin(t, 40*time.Second, what, condition)
}

// eventuallyWithin does so for what takes longer on a loaded machine.
func eventuallyWithin(t testing.TB, limit time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

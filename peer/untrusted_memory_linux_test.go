//go:build linux && !race

package peer

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"peerd/internal/invite"
	"peerd/peer/api"
)

// program is the real rendezvous, in a process of its own.
type program struct {
	t       *testing.T
	command *exec.Cmd
	invite  invite.Invite
}

// startProgram builds and starts it.
func startProgram(t *testing.T, circleName string) *program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "rendezvous")
	if out, err := exec.Command("go", "build", "-o", binary, "peerd/cmd/rendezvous").CombinedOutput(); err != nil {
		t.Fatalf("build the rendezvous: %v\n%s", err, out)
	}
	command := exec.Command(binary, "run", "--listen", "127.0.0.1:0", "--advertise", "127.0.0.1", "--state", t.TempDir(), "--circle", circleName)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	p := &program{t: t, command: command}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		for _, word := range strings.Fields(lines.Text()) {
			if strings.HasPrefix(word, "peerd://") {
				if p.invite, err = invite.Parse(word); err != nil {
					t.Fatal(err)
				}
			}
		}
		if lines.Text() == "ready" {
			return p
		}
	}
	t.Fatal("the rendezvous never said that it is ready")
	return nil
}

// holds reports whether octets are anywhere in the memory that the program can read.
func (p *program) holds(octets []byte) bool {
	p.t.Helper()
	pid := p.command.Process.Pid
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		p.t.Fatal(err)
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		p.t.Fatal(err)
	}
	defer memory.Close()
	for line := range strings.Lines(string(maps)) {
		var first, last uint64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &first, &last, &mode); err != nil {
			p.t.Fatalf("line %q of the map: %v", line, err)
		}
		if strings.HasPrefix(mode, "r") && !strings.Contains(line, "[v") && p.regionHolds(memory, int64(first), int64(last), octets) {
			return true
		}
	}
	return false
}

func (p *program) regionHolds(memory *os.File, first, last int64, octets []byte) bool {
	p.t.Helper()
	region := io.NewSectionReader(memory, first, last-first)
	var window []byte
	chunk := make([]byte, 1<<20)
	for {
		n, err := region.Read(chunk)
		window = append(window, chunk[:n]...)
		if bytes.Contains(window, octets) {
			return true
		}
		window = window[max(0, len(window)-len(octets)+1):]
		if errors.Is(err, syscall.EIO) || errors.Is(err, io.EOF) {
			return false // a guard page, or the end
		}
		if err != nil {
			p.t.Fatalf("read memory at %x: %v", first, err)
		}
	}
}

func randomWord() string {
	var octets [12]byte
	rand.Read(octets[:])
	return hex.EncodeToString(octets[:])
}

// TestT08TheMemoryOfTheRendezvousHasNoPlaintext sends messages through the real
// program, sealed and relayed, and looks for them in all of its memory.
func TestT08TheMemoryOfTheRendezvousHasNoPlaintext(t *testing.T) {
	canary, circleName := randomWord(), "c"+randomWord()
	p := startProgram(t, circleName)
	h := &hostile{circle: &circle{t: t, invite: p.invite}}
	dirs := map[string]string{"alice": t.TempDir(), "bob": t.TempDir()}
	alice, bob := h.joinAt("alice", dirs["alice"]), h.joinAt("bob", dirs["bob"])
	h.knows(alice, "bob")
	h.knows(bob, "alice")
	if _, err := alice.SetIntroduce(t.Context(), api.IntroduceRequest{Introduce: api.IntroduceRelayOnly}); err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if sent := h.send(alice, "bob", canary+strings.Repeat(" and so on", 50)); sent.Path != api.PathRelay {
			t.Fatalf("a message went by %s, past the rendezvous", sent.Path)
		}
		h.send(bob, "alice", canary)
	}
	if !p.holds([]byte(circleName)) {
		t.Fatal("not even the name of the circle is found: this test cannot see anything")
	}
	if p.holds([]byte(canary)) {
		t.Error("a message is in the memory of the rendezvous")
	}
	for whose, octets := range h.privateKeys(dirs, alice, bob) {
		if p.holds(octets) {
			t.Errorf("%s is in the memory of the rendezvous", whose)
		}
	}
}

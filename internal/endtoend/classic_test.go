//go:build linux

package endtoend

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerd/internal/natlab"
	"peerd/internal/stage"
)

// classicPort is where the rendezvous of these tests has its door.
const classicPort = 7799

// classicProgram is a program in another language that speaks the original text
// protocol and knows nothing of ours.
type classicProgram struct {
	t       *testing.T
	name    string
	process *natlab.Process
	stdin   *io.PipeWriter
	list    string // that it fetched at its login
}

// startClassic starts one on a host and logs it in.
func startClassic(t *testing.T, s *stage.Stage, host *natlab.Host, name string, options ...string) *classicProgram {
	t.Helper()
	script, err := filepath.Abs("../../rendezvous/classic/testdata/client.py")
	if err != nil {
		t.Fatal(err)
	}
	in, stdin := io.Pipe()
	t.Cleanup(func() { stdin.Close() })
	door := fmt.Sprintf("%v:%d", s.VPS.Addr(), classicPort)
	p := &classicProgram{t: t, name: name, stdin: stdin, process: host.Start(natlab.Command{
		Path: "python3", Args: append([]string{"-u", script, door, name, host.Addr().String()}, options...), Stdin: in,
	})}
	p.do("login")
	p.list = p.sees("list ")
	return p
}

func (p *classicProgram) do(command string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, command+"\n"); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// sees waits until the program has printed a line with words in it.
func (p *classicProgram) sees(words string) string {
	p.t.Helper()
	return p.process.WaitLine(20*time.Second, words)
}

// TestClassicProgramsAndAPeerBehindARouterTalk proves that programs written from
// the description of the original protocol talk with a peer behind a home router
// of the usual kind, one on a public host whose first word the router would not
// let in, and one behind a router of its own. What opens the peer's router
// reaches no program, and a peer without the flag is not touched.
func TestClassicProgramsAndAPeerBehindARouterTalk(t *testing.T) {
	t.Parallel()
	lab := natlab.New(t)
	s := stage.New(lab.PublicHost("vps", vpsLink), binaries, t.TempDir())
	if err := s.StartRendezvous("--classic", fmt.Sprintf(":%d", classicPort)); err != nil {
		t.Fatal(err)
	}
	home := lab.Home("carol-home", natlab.Masquerade, homeLink)
	bob := join(t, s, home.Host("bob"), "bob")
	carol, err := s.Peer(home.Host("carol"), "carol", "--classic")
	if err != nil {
		t.Fatal(err)
	}
	meet(t, bob, carol)
	// .NET's encoding, one socket to send and another to listen.
	dave := startClassic(t, s, lab.PublicHost("dave", homeLink), "dave", "dotnet")
	erin := startClassic(t, s, lab.Home("erin-home", natlab.Masquerade, homeLink).Host("erin"), "erin", "text", "one-socket")
	if !strings.Contains(erin.list, "carol,"+home.Addr().String()+":") || strings.Contains(erin.list, "bob") {
		t.Errorf("erin's list is %q, want carol behind her router in it, and not bob", erin.list)
	}

	for _, p := range []*classicProgram{dave, erin} {
		awaitTalk(t, carol, p, "well, hello, 你好")
		send := carol.Ctl("send", "classic/"+p.name, "hello yourself, "+p.name)
		if send.ExitCode != 0 || send.Stdout != "sent (unverified, unencrypted)\n" {
			t.Errorf("carol sends to %s: exit %d, %q %s", p.name, send.ExitCode, send.Stdout, send.Stderr)
		}
		p.sees("talk carol hello yourself, " + p.name)
		row := path(t, carol, "classic/"+p.name)
		if row["classic"] != true || row["verified"] != false || row["online"] != true {
			t.Errorf("carol lists %v", row)
		}
		if out := p.process.Stdout(); strings.Contains(out, "other") {
			t.Errorf("%s got what it cannot read:\n%s", p.name, out)
		}
	}
	rows, _, err := bob.Rows("peers")
	if err != nil || len(rows) != 1 || rows[0].Text("name") != "carol" {
		t.Errorf("bob lists %v, %v; want carol alone", rows, err)
	}
}

// awaitTalk has a program talk to carol until she has it: the first words may
// come before her router is open.
func awaitTalk(t *testing.T, carol *stage.Peer, p *classicProgram, text string) {
	t.Helper()
	eventually(t, p.name+"'s talk arrives", func() bool {
		p.do("talk carol " + text)
		rows, result, err := carol.Rows("read", "classic/"+p.name)
		if err != nil || result.ExitCode != 0 && result.ExitCode != 5 {
			t.Fatalf("carol reads: exit %d, %v %s", result.ExitCode, err, result.Stderr)
		}
		return len(rows) > 0 && rows[0].Text("text") == text && rows[0]["classic"] == true
	})
}

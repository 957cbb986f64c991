package classic

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// program is a client of another language, in a process of its own; see
// testdata/client.py.
type program struct {
	t     testing.TB
	name  string
	stdin io.WriteCloser
	lines chan string // closed when the process has ended
	done  chan struct{}
}

// startProgram starts one. It is killed when the test ends.
func startProgram(t testing.TB, server, name, address, encoding string) *program {
	t.Helper()
	command := exec.Command("python3", "-u", "testdata/client.py", server, name, address, encoding)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("%v: make setup installs it", err)
	}
	p := &program{t: t, name: name, stdin: stdin, lines: make(chan string, 100), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer close(p.lines)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		for range p.lines {
		}
		<-p.done
		_ = command.Wait()
	})
	return p
}

func (p *program) do(command string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, command+"\n"); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// prints waits for the next line of p, which begins with want, and returns the
// rest.
func (p *program) prints(want string) string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		rest, found := strings.CutPrefix(line, want)
		if !ok || !found {
			p.t.Fatalf("%s printed %q, want %q", p.name, line, want)
		}
		return rest
	case <-time.After(hangGuard):
		p.t.Fatalf("%s did not print %q", p.name, want)
		return ""
	}
}

// enter logs p in and returns its list.
func (p *program) enter(server string) (list string) {
	p.t.Helper()
	p.do("login")
	_, port, _ := strings.Cut(server, ":")
	p.prints("accept " + port)
	return p.prints("list ")
}

// The whole of what the original protocol can do, between programs that write
// text in different ways.
func TestProgramsOfAnotherLanguage(t *testing.T) {
	door := openDoor(t)
	server := door.Addr().String()
	alice := startProgram(t, server, "alice", "127.0.0.2", "text")
	bob := startProgram(t, server, "鲍勃", "127.0.0.3", "dotnet")
	carol := startProgram(t, server, "carol", "127.0.0.4", "dotnet")

	if list := alice.enter(server); !strings.HasPrefix(list, "alice,127.0.0.2:") || strings.Contains(list, " ") {
		t.Errorf("alice's list is %q", list)
	}
	if list := bob.enter(server); !strings.HasPrefix(list, "alice,127.0.0.2:") || !strings.Contains(list, " 鲍勃,127.0.0.3:") {
		t.Errorf("bob's list is %q", list)
	}
	alice.prints("login 鲍勃 127.0.0.3:")
	if list := carol.enter(server); strings.Count(list, " ") != 2 {
		t.Errorf("carol's list is %q", list)
	}
	alice.prints("login carol 127.0.0.4:")
	bob.prints("login carol 127.0.0.4:")

	// Users talk directly: the door sees nothing of it. Programs that write text
	// in different ways can see each other, but only those of one kind can talk.
	bob.do("talk carol well, hello, 你好 👋")
	carol.prints("talk 鲍勃 well, hello, 你好 👋")
	carol.do("talk 鲍勃 hello")
	bob.prints("talk carol hello")

	carol.do("logout")
	alice.prints("logout carol 127.0.0.4:")
	bob.prints("logout carol 127.0.0.4:")

	// A program that ends without a goodbye comes back under its name.
	bob.do("quit")
	<-bob.done
	again := startProgram(t, server, "鲍勃", "127.0.0.3", "text")
	if list := again.enter(server); strings.Count(list, "鲍勃") != 1 {
		t.Errorf("bob's list is %q", list)
	}
	alice.prints("login 鲍勃 127.0.0.3:")
	alice.do("talk 鲍勃 welcome back")
	again.prints("talk alice welcome back")
	if malformed := door.Counters().Malformed.Load(); malformed != 0 {
		t.Errorf("%d datagrams were malformed", malformed)
	}
}

// A door that restarts knows nobody; programs log in again and it goes on.
func TestProgramsSurviveTheDoorsRestart(t *testing.T) {
	server := addressOfItsOwn(t)
	_, stop := openDoorAt(t, server)
	alice := startProgram(t, server, "alice", "127.0.0.2", "text")
	bob := startProgram(t, server, "bob", "127.0.0.3", "text")
	alice.enter(server)
	bob.enter(server)
	alice.prints("login bob ")
	stop()

	bob.do("talk alice still here") // directly
	alice.prints("talk bob still here")

	_, stop = openDoorAt(t, server)
	defer stop()
	if list := bob.enter(server); !strings.HasPrefix(list, "bob,") {
		t.Errorf("bob's list is %q", list)
	}
	alice.enter(server)
	bob.prints("login alice ")
}

//go:build linux

package endtoend

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"peerd/internal/natlab"
	"peerd/internal/stage"
	"peerd/peer/store"
)

// TestT21NoSecretLeavesThePrograms has the real programs do what they do with every
// secret there is, as talkative as they get, until they crash, and looks for the
// secrets in all that others could come to see.
func TestT21NoSecretLeavesThePrograms(t *testing.T) {
	t.Parallel()
	lab := natlab.New(t)
	s := stage.New(lab.PublicHost("vps", natlab.Link{}), binaries, t.TempDir())
	if err := s.StartRendezvous("--log-level", "debug", "--metrics", "127.0.0.1:9100"); err != nil {
		t.Fatal(err)
	}
	alice, err := s.Peer(lab.PublicHost("alice", natlab.Link{}), "alice", "--log-level", "debug")
	if err != nil {
		t.Fatal(err)
	}
	bob, err := s.Peer(lab.PublicHost("bob", natlab.Link{}), "bob", "--log-level", "debug")
	if err != nil {
		t.Fatal(err)
	}
	meet(t, alice, bob)
	said := privately(t, alice, bob)
	secrets := secretsOf(t, s, alice, bob)

	seen := map[string]string{"metrics": metrics(t, s)}
	for what, p := range map[string]*natlab.Process{"rendezvous": s.Rendezvous(), "alice's peerd": alice.Process(), "bob's peerd": bob.Process()} {
		arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID()))
		if err != nil {
			t.Fatal(err)
		}
		seen["arguments of "+what] = string(arguments)
	}
	for _, command := range [][]string{{"status"}, {"why", "canarypet"}, {"netcheck"}, {"peers"}, {"contact", "ls"}} {
		result := alice.Ctl(append([]string{"--json"}, command...)...)
		seen["peerctl "+strings.Join(command, " ")] = result.Stdout + result.Stderr
	}
	seen["environment of a hook"] = hooked(t, alice, bob)
	cut := alice.Host.Run(t.Context(), natlab.Command{
		Path: filepath.Join(binaries, "peerd"),
		Args: []string{"run", "--state", t.TempDir(), "--join", s.Invite + "x"},
	})
	seen["error about an invite"] = cut.Stdout + cut.Stderr
	logs := make(map[string]string)
	for what, p := range map[string]*natlab.Process{"rendezvous": s.Rendezvous(), "alice's peerd": alice.Process(), "bob's peerd": bob.Process()} {
		p.Signal(syscall.SIGQUIT) // the runtime dumps every goroutine, as it does when a program panics
		p.Wait(patience)
		logs["log and crash of "+what] = p.Stderr()
		if !strings.Contains(p.Stderr(), "goroutine ") || !strings.Contains(p.Stderr(), "DBG") && !strings.Contains(p.Stderr(), `"level":"debug"`) {
			t.Errorf("%s has logged nothing or did not crash: %.300s", what, p.Stderr())
		}
	}
	for what, text := range logs {
		seen[what] = text
		expectWithout(t, what, text, said)
	}
	for what, text := range seen {
		if text == "" {
			t.Errorf("nothing was seen of the %s", what)
		}
		expectWithout(t, what, text, secrets)
	}
}

// privately has two peers say to each other what nobody else is to know, and returns it.
func privately(t *testing.T, alice, bob *stage.Peer) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "canary-file-name.txt")
	if err := os.WriteFile(file, []byte("canary-file-content"), 0o600); err != nil {
		t.Fatal(err)
	}
	row := send(t, alice, "bob", "canary-message-text")
	for _, command := range [][]string{
		{"contact", "rename", "bob", "canarypet"},
		{"edit", row.Text("id"), "canary-edited-text"},
		{"group", "create", "canarygroup", "canarypet"},
		{"send", "@canarygroup", "canary-group-text"},
		{"file", "send", file, "canarypet", "--wait", "stored"},
		{"search", "canary-edited"},
		{"send", "nobody-called-canary", "canary-refused-text"},
	} {
		alice.Ctl(command...)
	}
	eventually(t, "bob hears of the group", func() bool {
		return strings.Contains(bob.Ctl("read").Stdout, "canary-group-text")
	})
	return map[string]string{
		"a text": "canary-message-text", "an edited text": "canary-edited-text", "a text to a group": "canary-group-text",
		"a text that was refused": "canary-refused-text", "a group's name": "canarygroup", "a petname": "canarypet",
		"a file's name": "canary-file-name", "a file's content": "canary-file-content",
	}
}

// secretsOf returns every secret of the programs, in all the ways it could be spelt.
func secretsOf(t *testing.T, s *stage.Stage, peers ...*stage.Peer) map[string]string {
	t.Helper()
	secrets := make(map[string]string)
	_, token, _ := strings.Cut(s.Invite[strings.Index(s.Invite, "#"):], ".")
	secrets["the invite's token"] = token
	spell := func(what string, secret []byte) {
		head := secret[:12]
		decimal := strings.Trim(fmt.Sprint(head), "[]")
		secrets[what] = string(head)
		secrets[what+" in hexadecimal"] = hex.EncodeToString(head)
		secrets[what+" in base32"] = strings.ToLower(base32.StdEncoding.EncodeToString(secret[:10]))
		secrets[what+" in base64"] = base64.StdEncoding.EncodeToString(head)
		secrets[what+" in numbers"] = decimal
		secrets[what+" in a list"] = strings.ReplaceAll(decimal, " ", ",")
	}
	spell("the rendezvous' key", seed(t, filepath.Join(s.Dir(), "rendezvous")))
	for _, p := range peers {
		spell(p.Name+"'s key", seed(t, filepath.Join(s.Dir(), p.Name)))
		spell(p.Name+"'s prekey", prekey(t, filepath.Join(s.Dir(), p.Name)))
		rows, _, err := p.Rows("group", "ls")
		if err != nil || len(rows) != 1 {
			t.Fatalf("%s's groups: %v, %v", p.Name, rows, err)
		}
		secrets["the group's id"] = rows[0].Text("id")
	}
	return secrets
}

// seed is the private key in a state directory.
func seed(t *testing.T, dir string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "identity.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return private.(ed25519.PrivateKey).Seed()
}

// prekey is the private half of a prekey in the state directory of a running daemon.
func prekey(t *testing.T, dir string) []byte {
	t.Helper()
	copied := t.TempDir()
	for _, name := range []string{"messages.db", "messages.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opened, err := store.Open(copied)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	newest, err := opened.NewestPrekey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return newest.Private.Reveal()
}

// metrics reads what the rendezvous tells a monitor.
func metrics(t *testing.T, s *stage.Stage) string {
	t.Helper()
	conn, err := s.VPS.DialTCP(t.Context(), netip.MustParseAddrPort("127.0.0.1:9100"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /metrics HTTP/1.0\r\nHost: localhost:9100\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(text), " 200 ") {
		t.Fatalf("read metrics: %v: %.200s", err, text)
	}
	return string(text)
}

// hooked returns the environment of what watch --exec runs.
func hooked(t *testing.T, p, from *stage.Peer) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	watch := p.StartCtl("watch", "--type", "message", "--count", "1", "--exec", "env")
	for {
		from.Ctl("send", p.Name, "for the hook")
		select {
		case <-watch.Exited():
			return watch.Stdout()
		case <-ctx.Done():
			t.Fatal("the hook was not run")
		default:
		}
	}
}

func expectWithout(t *testing.T, where, text string, secrets map[string]string) {
	t.Helper()
	lower := strings.ToLower(text)
	for what, secret := range secrets {
		if strings.Contains(lower, strings.ToLower(secret)) {
			at := strings.Index(lower, strings.ToLower(secret))
			t.Errorf("%s has %s: …%q…", where, what, text[max(0, at-120):min(len(text), at+60)])
		}
	}
}

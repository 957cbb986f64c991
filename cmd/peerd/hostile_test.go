package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"peerd/internal/exitcode"
	"peerd/internal/identity"
	"peerd/internal/invite"
	"peerd/peer/api/apitest"
	"peerd/wire"
)

// hostileRendezvous answers every login with answer, and returns an invite to itself.
func hostileRendezvous(t *testing.T, answer wire.Message) string {
	t.Helper()
	self, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", self.ServerTLS(wire.ControlProtocol))
	if err != nil {
		t.Fatal(err)
	}
	frame, err := wire.AppendFrame(nil, answer)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				if _, _, err := wire.ReadFrame(conn, nil); err == nil {
					conn.Write(frame)
					conn.Read(make([]byte, 1)) // until it has been read
				}
			})
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	made, err := invite.New(listener.Addr().String(), "home", self.Key())
	if err != nil {
		t.Fatal(err)
	}
	return made.String()
}

// TestT19WordsOfAHostileRendezvousAreHarmless has the program log in, with all its talk,
// to a rendezvous that refuses it with an attack on the terminal and on the log.
func TestT19WordsOfAHostileRendezvousAreHarmless(t *testing.T) {
	attack := strings.ToValidUTF8(apitest.Attack, "\ufffd")
	const limit = wire.MaxDetail - len(apitest.Marker)
	var details []string
	for len(attack) > 0 {
		cut := min(limit, len(attack))
		for cut < len(attack) && !utf8.RuneStart(attack[cut]) {
			cut--
		}
		details, attack = append(details, apitest.Marker+attack[:cut]), attack[cut:]
	}
	for _, detail := range details {
		for _, code := range []wire.RefusedCode{wire.RefusedNameInvalid, wire.RefusedNotMember, 99} {
			given := hostileRendezvous(t, wire.Refused{Code: code, Detail: detail})
			var out, errs lockedText
			ctx, cancel := context.WithTimeout(t.Context(), hangGuard)
			dir := t.TempDir()
			got := run(ctx, []string{
				"run", "--state", dir, "--socket", filepath.Join(dir, "s"), "--name", "alice", "--join", given,
				"--listen", "127.0.0.1:0", "--port-mapping", "off", "--log-level", "debug",
			}, stdio{in: strings.NewReader(""), out: &out, err: &errs})
			cancel()
			if got != exitcode.Denied || !strings.Contains(errs.String(), apitest.Marker) {
				t.Errorf("code %d: exit code %d: %q", code, got, errs.String())
			}
			for _, text := range []string{out.String(), errs.String()} {
				isHarmless(t, text)
			}
		}
	}
}

func isHarmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			t.Fatalf("%U got through: %q", r, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, apitest.Forged) {
			t.Errorf("a forged line: %q", text)
		}
	}
}

// lockedText collects what several goroutines write.
type lockedText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

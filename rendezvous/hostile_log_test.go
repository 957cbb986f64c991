package rendezvous

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"peerd/internal/eventlog"
	"peerd/wire"
)

// forgedRecord is what a stranger would like to have in our log.
const forgedRecord = "Mark\x1b[2J\u009b2J\u202e\x7f\"}\n{\"level\":\"info\",\"message\":\"login\"}\n2026-11-21 08:00 INF x"

// lockedLog collects log lines from any goroutine.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lockedLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestT20WhatAStrangerSaysIsOneRecord has strangers and a member put a record of their
// own into all the words that a rendezvous gets, at its most talkative.
func TestT20WhatAStrangerSaysIsOneRecord(t *testing.T) {
	log := new(lockedLog)
	logger, err := eventlog.New(log, "debug", true)
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, func(c *Config) { c.Logger, c.Classic, c.Metrics = logger, "127.0.0.1:0", "127.0.0.1:0" })
	for _, name := range []string{forgedRecord, "a\u202eb", strings.Repeat("x", 100)} {
		c := newClient(t, s)
		if code, err := c.refusal(wire.Hello{Name: name, Token: token(t, s, 1)}); err != nil || code == 0 {
			t.Errorf("%q is a member: %v, %v", name, code, err)
		}
	}
	member := join(t, s, "mallory")
	member.send(wire.Goodbye{Reason: forgedRecord})
	member.awaitEnd()

	for _, protocols := range [][]string{{forgedRecord}, {wire.ControlProtocol}} {
		conn, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true, ServerName: "evil\x1b[2J", NextProtos: protocols})
		if err == nil {
			conn.Write([]byte(forgedRecord))
			conn.Close()
		}
	}
	speak(t, "tcp", s.Addr().String(), forgedRecord)
	speak(t, "udp", s.Addr().String(), forgedRecord)
	speak(t, "udp4", s.ClassicAddr().String(), "login,"+forgedRecord+",127.0.0.1:9")
	speak(t, "tcp", s.MetricsAddr().String(), "GET /metrics HTTP/1.1\r\nHost: evil\u009b2J\u202e.example\r\n\r\n")
	speak(t, "tcp", s.MetricsAddr().String(), "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n")
	waitUntil(t, "what was refused is logged", func() bool { return strings.Contains(log.String(), "evil.example") })

	for line := range strings.Lines(log.String()) {
		var event map[string]any
		if err := json.Unmarshal([]byte(line), &event); err != nil || event["message"] == "login" && event["level"] == "info" && event["time"] == nil {
			t.Errorf("a forged record: %q (%v)", line, err)
		}
		if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
		}); i >= 0 {
			t.Errorf("byte %d of %q acts on a terminal", i, line)
		}
	}
}

// speak says something and waits a moment for what is answered.
func speak(t *testing.T, network, address, text string) {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(network, "tcp") {
		conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		io.Copy(io.Discard, conn)
	}
}

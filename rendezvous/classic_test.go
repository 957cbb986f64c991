package rendezvous

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestClassicDoorIsOpenWhereAsked(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Classic, c.Metrics = "127.0.0.1:0", "127.0.0.1:0" })
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(s.ClassicAddr()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("login,alice," + conn.LocalAddr().String())); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	_ = conn.SetReadDeadline(time.Now().Add(hangGuard))
	n, err := conn.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "Accept,") {
		t.Fatalf("answered %q, %v", answer[:n], err)
	}
	fetch, err := net.Dial("tcp4", s.ClassicAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer fetch.Close()
	_ = fetch.SetDeadline(time.Now().Add(hangGuard))
	if list, err := io.ReadAll(fetch); err != nil || string(list) != "alice,"+conn.LocalAddr().String()+";end" {
		t.Errorf("the list is %q, %v", list, err)
	}
	text := metricsText(t, s, "/metrics")
	for _, line := range []string{"rendezvous_classic_users 1\n", "rendezvous_classic_logins_total 1\n", "rendezvous_classic_lists_total 1\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in the metrics", line)
		}
	}
	if status, err := s.Status(); err != nil || status.Classic != s.ClassicAddr().String() || status.ClassicUsers != 1 || status.Online != 0 {
		t.Errorf("the status is %+v, %v", status, err)
	}
}

func TestClassicDoorIsShutUnlessAsked(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Metrics = "127.0.0.1:0" })
	if s.ClassicAddr().IsValid() || strings.Contains(metricsText(t, s, "/metrics"), "classic") {
		t.Error("there is a door")
	}
}

func TestClassicDoorNeedsAPlaceOfItsOwn(t *testing.T) {
	s := startServer(t)
	config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir(), Classic: s.Addr().String()}
	_, err := Open(config)
	if hint, ok := errors.AsType[hintedError](err); !ok || !strings.Contains(hint.Hint(), "--classic") {
		t.Fatalf("open: %v", err)
	}
	config.Classic = ""
	again, err := Open(config)
	if err != nil {
		t.Fatalf("the state directory is still held: %v", err)
	}
	_ = again.Close()
}

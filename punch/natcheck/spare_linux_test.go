package natcheck

import (
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"peerd/internal/natlab"
	"peerd/wire"
)

// awaitEvent waits until the kernel has something for a socket, and reads none of it.
func awaitEvent(t *testing.T, s *spare, event int16) {
	t.Helper()
	raw, err := s.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		const hangGuard = 20_000 // milliseconds
		polled := []unix.PollFd{{Fd: int32(fd), Events: event}}
		if n, err := unix.Poll(polled, hangGuard); n != 1 || polled[0].Revents&event == 0 {
			t.Errorf("nothing came: %v", err)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// A program that stood still while the answer came finds it, long after the deadline.
func TestAnAnswerInTimeIsHeardHoweverLate(t *testing.T) {
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	at := server.LocalAddr().(*net.UDPAddr).AddrPort()
	s, err := openSpare(t.Context(), Config{Server: at})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	long := time.Now().Add(-time.Minute)
	q := ask(at, wire.Change{})
	if s.await(long, q) {
		t.Error("an answer was heard before there is one")
	}
	accept := wire.Accept{TransactionID: q.login.TransactionID, Observed: s.local, ControlPort: 1}
	if _, err := server.WriteToUDPAddrPort(accept.Append(nil), s.local); err != nil {
		t.Fatal(err)
	}
	awaitEvent(t, s, unix.POLLIN)
	if !s.await(long, q) || q.observed() != s.local {
		t.Errorf("the answer was not heard: observed at %v, want %v", q.observed(), s.local)
	}
}

// So is what a router reported.
func TestAReportInTimeIsHeardHoweverLate(t *testing.T) {
	lab := natlab.New(t)
	vps := lab.PublicHost("vps", natlab.Link{})
	home := lab.Home("home", natlab.Masquerade, natlab.Link{})
	host := home.Host("alice")
	server := vps.AddrPort(7700)
	s, err := openSpare(t.Context(), Config{Server: server, Listen: func() (conn *net.UDPConn, err error) {
		err = host.Do(func() error {
			conn, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(host.AddrPort(0)))
			return err
		})
		return conn, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.limitTTL(1); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Minute)
	q := ask(server, wire.Change{})
	if router := s.awaitReport(long, q); router.IsValid() {
		t.Errorf("%v reported before anything was sent", router)
	}
	s.send(q)
	awaitEvent(t, s, unix.POLLERR)
	if router := s.awaitReport(long, q); router != home.Gateway() {
		t.Errorf("reported by %v, want %v", router, home.Gateway())
	}
}

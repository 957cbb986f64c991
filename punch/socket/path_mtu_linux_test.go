package socket

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Whoever forges an ICMP message has the kernel believe in a smaller MTU of the path
// (quic-go's CVE-2024-53259). The kernel does not refuse our packets for that.
func TestForgedMTUOfAPathIsNotBelieved(t *testing.T) {
	s, err := Listen(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	raw, err := s.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var discovery int
	var failed error
	err = raw.Control(func(fd uintptr) {
		discovery, failed = unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER)
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	if discovery != unix.IP_PMTUDISC_PROBE {
		t.Errorf("IP_MTU_DISCOVER is %d, want %d", discovery, unix.IP_PMTUDISC_PROBE)
	}
}

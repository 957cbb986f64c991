package natcheck

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// What the kernel queues comes from the network: whoever is asked may answer
// with any ICMP error.
func TestOnlyTheEndOfALifeIsAReport(t *testing.T) {
	report := func(origin, kind, code byte, family uint16) []byte {
		b := append(make([]byte, 4), origin, kind, code)
		b = append(b, make([]byte, 9)...)
		b = binary.NativeEndian.AppendUint16(b, family)
		return append(b, 0, 0, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	for _, test := range []struct {
		name    string
		message []byte
		want    netip.Addr
	}{
		{"TTL exceeded in transit", report(unix.SO_EE_ORIGIN_ICMP, 11, 0, unix.AF_INET), netip.MustParseAddr("192.0.2.1")},
		{"reassembly took too long", report(unix.SO_EE_ORIGIN_ICMP, 11, 1, unix.AF_INET), netip.Addr{}},
		{"port unreachable", report(unix.SO_EE_ORIGIN_ICMP, 3, 3, unix.AF_INET), netip.Addr{}},
		{"an error of our own host", report(unix.SO_EE_ORIGIN_LOCAL, 11, 0, unix.AF_INET), netip.Addr{}},
		{"nobody is named", report(unix.SO_EE_ORIGIN_ICMP, 11, 0, unix.AF_UNSPEC), netip.Addr{}},
		{"cut off", report(unix.SO_EE_ORIGIN_ICMP, 11, 0, unix.AF_INET)[:20], netip.Addr{}},
	} {
		if got := parseReport(test.message); got != test.want {
			t.Errorf("%s: reported by %v, want %v", test.name, got, test.want)
		}
	}
}

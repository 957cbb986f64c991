package classic

import (
	"net/netip"
	"testing"
	"time"
)

// What a datagram costs in a flood of forged sources.
func BenchmarkForgedLogin(b *testing.B) {
	table := newTable(nobodys)
	from := netip.MustParseAddr("10.0.0.0")
	datagram := []byte("login,alice,192.168.1.20:9000")
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		from = from.Next()
		u, _ := parse(datagram, netip.AddrPortFrom(from, 9), now)
		table.login(u)
	}
}

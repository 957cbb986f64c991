package offload

import (
	"net"
	"testing"
)

// The two benchmarks send the same 48 KiB of 1,200-byte datagrams; their ratio
// is what the offload is worth on this machine.

func BenchmarkWriteSuperBuffer(b *testing.B) {
	from, to := listen(b, "udp4", "127.0.0.1:0"), listen(b, "udp4", "127.0.0.1:0")
	payload, address, batch := numbered(40*1200), addressOf(to), buffers(1)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if err := from.Write(payload, 1200, 0, address); err != nil {
			b.Fatal(err)
		}
		if _, err := to.ReadBatch(batch); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWritePlain(b *testing.B) {
	from, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	to, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = to.Close() }()
	payload, address, buffer := numbered(1200), to.LocalAddr().(*net.UDPAddr).AddrPort(), make([]byte, 2048)
	b.SetBytes(40 * 1200)
	b.ReportAllocs()
	for b.Loop() {
		for range 40 {
			if _, err := from.WriteToUDPAddrPort(payload, address); err != nil {
				b.Fatal(err)
			}
			if _, _, err := to.ReadFromUDPAddrPort(buffer); err != nil {
				b.Fatal(err)
			}
		}
	}
}

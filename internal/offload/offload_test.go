package offload

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"
)

// hangGuard ends a read that nothing will ever answer; no test measures it.
const hangGuard = 10 * time.Second

func listen(t testing.TB, network, address string) *Conn {
	t.Helper()
	addr, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenUDP(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	conn := New(udp)
	_ = conn.SetReadBuffer(4 << 20)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// addressOf returns where conn is reached from this host, over IPv4 if it can.
func addressOf(conn *Conn) netip.AddrPort {
	addr := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if addr.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), addr.Port())
	}
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

func buffers(n int) []Datagrams {
	batch := make([]Datagrams, n)
	for i := range batch {
		batch[i].Buffer = make([]byte, BufferSize)
	}
	return batch
}

// receive reads until count datagrams have arrived, and returns them with the
// first super-buffer's description.
func receive(t testing.TB, conn *Conn, count int) ([][]byte, Datagrams) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(hangGuard)); err != nil {
		t.Fatal(err)
	}
	var got [][]byte
	var first Datagrams
	batch := buffers(4)
	for len(got) < count {
		n, err := conn.ReadBatch(batch)
		if err != nil {
			t.Fatalf("after %d of %d datagrams: %v", len(got), count, err)
		}
		for i := range batch[:n] {
			if first.SegmentSize == 0 {
				first = batch[i]
			}
			for segment := range batch[i].Segments() {
				got = append(got, bytes.Clone(segment))
			}
		}
	}
	return got, first
}

// numbered returns length bytes that differ from place to place.
func numbered(length int) []byte {
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

func split(b []byte, size int) [][]byte {
	var segments [][]byte
	for len(b) > size {
		segments, b = append(segments, b[:size]), b[size:]
	}
	return append(segments, b)
}

func expectSegments(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d datagrams, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("datagram %d has %d bytes that differ from the %d sent", i, len(got[i]), len(want[i]))
		}
	}
}

func TestSegmentsArriveAsSent(t *testing.T) {
	cases := []struct {
		name         string
		length, size int
	}{
		{"one datagram", 900, 0},
		{"one datagram of exactly a segment", 1200, 1200},
		{"equal segments", 12000, 1200},
		{"a shorter last segment", 12000 + 7, 1200},
		{"more segments than one send may carry", 100 * 150, 100},
		{"more bytes than one send may carry", 60 * 1400, 1400},
		{"segments of one byte", 70, 1},
	}
	for _, c := range cases {
		for _, single := range []bool{false, true} {
			t.Run(c.name+map[bool]string{false: "", true: ", without segmentation offload"}[single], func(t *testing.T) {
				from, to := listen(t, "udp4", "127.0.0.1:0"), listen(t, "udp4", "127.0.0.1:0")
				from.single.Store(from.single.Load() || single)
				payload := numbered(c.length)
				if err := from.Write(payload, c.size, 0, addressOf(to)); err != nil {
					t.Fatal(err)
				}
				want := split(payload, max(c.size, 1))
				if c.size == 0 {
					want = [][]byte{payload}
				}
				got, first := receive(t, to, len(want))
				expectSegments(t, got, want)
				if first.From != addressOf(from) {
					t.Errorf("source is %v, want %v", first.From, addressOf(from))
				}
			})
		}
	}
}

func TestEveryKindOfSocketReachesTheOthers(t *testing.T) {
	cases := []struct {
		name, network, from, to string
	}{
		{"IPv4 to IPv4", "udp4", "127.0.0.1:0", "127.0.0.1:0"},
		{"IPv6 to IPv6", "udp6", "[::1]:0", "[::1]:0"},
		{"dual-stack to IPv4", "udp", "[::]:0", "127.0.0.1:0"},
		{"IPv4 to dual-stack", "udp", "127.0.0.1:0", "[::]:0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			from, to := listen(t, c.network, c.from), listen(t, c.network, c.to)
			payload := numbered(5000)
			if err := from.Write(payload, 1000, 2, addressOf(to)); err != nil {
				t.Fatal(err)
			}
			got, first := receive(t, to, 5)
			expectSegments(t, got, split(payload, 1000))
			if first.From.Addr().Is4In6() {
				t.Errorf("source %v is an IPv4-mapped address", first.From)
			}
			if want := map[bool]uint8{true: 2, false: 0}[runtime.GOOS == "linux"]; first.ECN != want {
				t.Errorf("ECN mark is %d, want %d", first.ECN, want)
			}
		})
	}
}

func TestReadEndsAtItsDeadlineAndAtClose(t *testing.T) {
	conn := listen(t, "udp4", "127.0.0.1:0")
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ReadBatch(buffers(1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past the deadline: %v", err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	_ = conn.Close()
	if _, err := conn.ReadBatch(buffers(1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestTooLargeADatagramIsAnError(t *testing.T) {
	conn := listen(t, "udp4", "127.0.0.1:0")
	if err := conn.Write(make([]byte, maxPayload+1), 0, 0, addressOf(conn)); err == nil {
		t.Error("no error")
	}
}

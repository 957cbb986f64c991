package socket

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"

	"peerd/internal/offload"
	"peerd/punch"
	"peerd/wire"
)

// BenchmarkStream compares one QUIC stream over a session with one between two
// bare UDP sockets, in the same run.
func BenchmarkStream(b *testing.B) {
	var bare float64
	for _, road := range []struct {
		name    string
		connect func(b *testing.B) (from, to *quic.Conn)
	}{
		{"bare", connectBare},
		{"direct", func(b *testing.B) (from, to *quic.Conn) {
			p := newPair(b)
			from, to = p.connect(b)
			p.punch(b)
			return from, to
		}},
		{"auxiliary", func(b *testing.B) (from, to *quic.Conn) {
			p := newPair(b)
			from, to = p.connect(b)
			p.turnTo(b, 1)
			return from, to
		}},
		{"to-auxiliary", func(b *testing.B) (from, to *quic.Conn) {
			p := newPair(b)
			to, from = p.connect(b)
			p.turnTo(b, 1)
			return from, to
		}},
		{"tcp", func(b *testing.B) (from, to *quic.Conn) {
			p := newPair(b)
			from, to = p.connect(b)
			p.turnToTCP(b)
			return from, to
		}},
		{"relay", func(b *testing.B) (from, to *quic.Conn) { return newPair(b).connect(b) }},
	} {
		b.Run(road.name, func(b *testing.B) {
			from, to := road.connect(b)
			rate := benchmarkStream(b, from, to)
			if road.name == "bare" {
				bare = rate
			}
			if bare > 0 { // else -bench left it out
				b.ReportMetric(rate/bare, "of-bare")
			}
			b.ReportMetric(100*float64(from.ConnectionStats().PacketsLost)/float64(from.ConnectionStats().PacketsSent), "%lost")
		})
	}
}

// connectBare connects two quic-go transports on plain UDP sockets.
func connectBare(b *testing.B) (from, to *quic.Conn) {
	transport := func() *quic.Transport {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		t := newTransport(conn)
		b.Cleanup(func() {
			t.Close()
			conn.Close()
		})
		return t
	}
	one, other := transport(), transport()
	return connect(b, one, other, other.Conn.LocalAddr(), QUICConfig())
}

// benchmarkStream sends one MiB per iteration over a single stream, and returns
// the rate in MB/s.
func benchmarkStream(b *testing.B, from, to *quic.Conn) float64 {
	stream, err := from.OpenStream()
	if err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 1<<20)
	rand.Read(block)
	received := make(chan int64)
	go func() {
		stream, err := to.AcceptStream(context.Background())
		if err != nil {
			b.Error(err)
			close(received)
			return
		}
		n, _ := io.Copy(io.Discard, stream)
		received <- n
	}()
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		if _, err := stream.Write(block); err != nil {
			b.Fatal(err)
		}
	}
	stream.Close()
	if got, want := <-received, int64(b.N)*int64(len(block)); got != want {
		b.Errorf("%d bytes arrived, want %d", got, want)
	}
	return float64(b.N) * float64(len(block)) / 1e6 / b.Elapsed().Seconds()
}

// super-buffers as quic-go writes them: 17 packets of 1200 bytes fit its 20 KiB.
const (
	packetSize     = 1200
	packetsAtATime = 17
)

// discard is a conn that takes everything.
type discard struct{ linkEnd }

func (*discard) Write([]byte, int, uint8, netip.AddrPort) error { return nil }

// BenchmarkSend is what a session adds to a send, without the system call.
func BenchmarkSend(b *testing.B) {
	for name, path := range map[string]punch.Path{"direct": {Direct: peerEndpoint}, "relay": {}} {
		b.Run(name, func(b *testing.B) {
			l := newListener(b)
			l.conn = &discard{}
			l.session.path.Store(&path)
			packets := bytes.Repeat(append([]byte{0x40}, make([]byte, packetSize-1)...), packetsAtATime)
			b.SetBytes(int64(len(packets)))
			b.ReportAllocs()
			for b.Loop() {
				l.session.send(packets, packetSize, 1)
			}
		})
	}
}

// BenchmarkReceive is what demultiplexing adds to a read, without the system call.
func BenchmarkReceive(b *testing.B) {
	packet := append([]byte{0x40}, make([]byte, packetSize-1)...)
	for name, d := range map[string]offload.Datagrams{
		"direct": {Buffer: bytes.Repeat(packet, packetsAtATime), SegmentSize: packetSize, ECN: 1, From: peerEndpoint},
		"relay": {Buffer: bytes.Repeat(frame(wire.SessionID{7}, packet), packetsAtATime), SegmentSize: packetSize + wire.RelayHeaderSize,
			ECN: 1, From: server},
	} {
		b.Run(name, func(b *testing.B) {
			l := newListener(b)
			r := newReceiver(l.Socket)
			r.batch[0] = d
			into := make([]ipv4.Message, 8)
			for i := range into {
				into[i] = ipv4.Message{Buffers: [][]byte{make([]byte, maxQUICPacket)}, OOB: make([]byte, 128)}
			}
			b.SetBytes(packetSize * packetsAtATime)
			b.ReportAllocs()
			for b.Loop() {
				r.next, r.count = 0, 1
				for r.fill(into) > 0 {
				}
			}
		})
	}
}

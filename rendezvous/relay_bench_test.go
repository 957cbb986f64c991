package rendezvous

import (
	"testing"
	"time"

	"peerd/internal/offload"
	"peerd/wire"
)

// superBuffer is count relay frames of 1,200 bytes.
func superBuffer(session wire.SessionID, count int) []byte {
	var buffer []byte
	for range count {
		frame := wire.AppendRelayHeader(nil, session)
		buffer = append(buffer, append(frame, make([]byte, 1200-len(frame))...)...)
	}
	return buffer
}

// unlimited lifts the relay quota far above what a machine can do; its burst
// refills faster than it is spent.
func unlimited(c *Config) { c.RelayRate = 1 << 40 }

func TestForwardingDoesNotAllocate(t *testing.T) {
	s := startServer(t, unlimited)
	p := introduced(t, s, true, true)
	for _, frames := range []int{1, 20} {
		buffer := superBuffer(p.session, frames)
		d := &offload.Datagrams{Buffer: buffer, SegmentSize: 1200, From: addrOf(p.alice.udp.LocalAddr())}
		forward := func() { s.receive(s.udp[0], d, time.Now()) }
		if allocated := testing.AllocsPerRun(1000, forward); allocated != 0 {
			t.Errorf("%v allocations for a buffer of %d frames", allocated, frames)
		}
	}
	if got := s.counters.relayOverQuota.Load(); got != 0 {
		t.Errorf("%d buffers were not forwarded", got)
	}
}

// BenchmarkRelay sends through the whole relay: a peer's socket, the server's
// two system calls and its routing, the other peer's socket; with and without
// super-buffers. A small window keeps loopback from dropping.
func BenchmarkRelay(b *testing.B) {
	for _, bench := range []struct {
		name   string
		frames int
	}{{"datagrams of 1200", 1}, {"super-buffers of 48000", 40}} {
		b.Run(bench.name, func(b *testing.B) {
			s := startServer(b, unlimited)
			p := introduced(b, s, true, true)
			sender, receiver := offload.New(p.alice.udp), offload.New(p.bob.udp)
			buffer, to := superBuffer(p.session, bench.frames), udpAddr(s, mainPort)
			window := 8
			arrived := make(chan int, 1024)
			go drain(receiver, arrived)
			b.SetBytes(int64(len(buffer)))
			inFlight := 0
			for b.Loop() {
				if err := sender.Write(buffer, 1200, 0, to); err != nil {
					b.Fatal(err)
				}
				for inFlight += len(buffer); inFlight > window*len(buffer); {
					select {
					case n := <-arrived:
						inFlight -= n
					case <-time.After(hangGuard):
						b.Fatal("the relay lost what it was sent")
					}
				}
			}
			b.ReportMetric(float64(b.N*bench.frames)/b.Elapsed().Seconds(), "datagrams/s")
			b.ReportMetric(float64(s.counters.relayOverQuota.Load()), "dropped")
		})
	}
}

// drain reports how many bytes arrive, until the socket is closed.
func drain(conn *offload.Conn, arrived chan<- int) {
	batch := make([]offload.Datagrams, 8)
	for i := range batch {
		batch[i].Buffer = make([]byte, offload.BufferSize)
	}
	for {
		n, err := conn.ReadBatch(batch)
		if err != nil {
			return
		}
		for i := range batch[:n] {
			arrived <- len(batch[i].Buffer)
		}
	}
}

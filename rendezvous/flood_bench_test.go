package rendezvous

import (
	"crypto/rand"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"peerd/wire"
)

// BenchmarkLoginUnderFlood measures how long an honest login takes, UDP and
// control connection, while strangers send junk datagrams as fast as they can
// and hold as many half-open connections as one source may have.
func BenchmarkLoginUnderFlood(b *testing.B) {
	for _, flooders := range []int{0, 2} {
		b.Run(fmt.Sprintf("%d flooders", flooders), func(b *testing.B) {
			s := startServer(b)
			secret := token(b, s, 1_000_000)
			stop := make(chan struct{})
			var flood sync.WaitGroup
			defer flood.Wait()
			defer close(stop)
			for range flooders {
				flood.Go(func() { junk(s, stop) })
				flood.Go(func() { dribblers(s, stop) })
			}
			var took []time.Duration
			for b.Loop() {
				c := newClient(b, s)
				start := time.Now()
				candidate := c.observed()
				c.login(wire.Hello{Name: rand.Text()[:12], Token: secret, Candidates: []wire.Candidate{candidate}})
				took = append(took, time.Since(start))
				_ = c.conn.NetConn().Close()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(s.counters.datagramsDropped.Load())/b.Elapsed().Seconds(), "junk/s")
		})
	}
}

// junk sends what no answer is due to.
func junk(s *Server, stop chan struct{}) {
	conn, err := net.Dial("udp4", udpAddr(s, mainPort).String())
	if err != nil {
		return
	}
	defer conn.Close()
	garbage := make([]byte, 200)
	_, _ = rand.Read(garbage)
	garbage[0] = 0xff
	for {
		select {
		case <-stop:
			return
		default:
			_, _ = conn.Write(garbage)
		}
	}
}

// dribblers hold half-open connections, each sending a byte now and then.
func dribblers(s *Server, stop chan struct{}) {
	var conns []net.Conn
	defer func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		for len(conns) < maxHalfOpenPerSource/4 {
			conn, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		conns = slices.DeleteFunc(conns, func(conn net.Conn) bool {
			_, err := conn.Write([]byte{0x16})
			return err != nil
		})
	}
}

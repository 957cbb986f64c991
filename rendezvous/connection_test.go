package rendezvous

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"peerd/internal/identity"
	"peerd/wire"
)

// pipe returns a connection of the server and the peer's end of it, without a
// network, so that time can be simulated. wait waits for the writers.
func pipe(t *testing.T) (c *connection, peer *tls.Conn, wait func()) {
	t.Helper()
	server, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	client, err := identity.Generate()
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	var writers sync.WaitGroup
	gate := newGate(near, nil)
	c = &connection{outbox: outbox{conn: tls.Server(gate, server.ServerTLS(wire.ControlProtocol)), start: writers.Go, total: new(backlog)}, gate: gate}
	peer = tls.Client(far, client.ClientTLS(wire.ControlProtocol, server.Key()))
	var handshake sync.WaitGroup
	handshake.Go(func() { err = c.conn.Handshake() })
	if failed := peer.Handshake(); failed != nil {
		t.Fatal(failed)
	}
	handshake.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return c, peer, writers.Wait
}

func TestSilentPeerIsDeadAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer, _ := pipe(t)
		frame, _ := wire.AppendFrame(nil, wire.Ping{Nonce: 1})
		go func() {
			time.Sleep(20 * time.Second)
			_, _ = peer.Write(frame) // a sign of life: its time begins anew
		}()
		start := time.Now()
		err := c.frames(func(wire.Kind, []byte) error { return nil })
		if alive := time.Since(start); alive != 20*time.Second+silenceLimit {
			t.Errorf("ended after %v, want 45s", alive)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("ended by %v", err)
		}
	})
}

func TestPingsAreDueEveryTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer, wait := pipe(t)
		var got []time.Duration
		start := time.Now()
		var reader sync.WaitGroup
		reader.Go(func() {
			for {
				kind, _, err := wire.ReadFrame(peer, nil)
				if err != nil {
					return
				}
				if kind == wire.KindPing {
					got = append(got, time.Since(start))
				}
			}
		})
		for range 30 {
			c.ping(time.Now())
			time.Sleep(tickEvery)
		}
		c.end()
		reader.Wait()
		wait()
		want := []time.Duration{0, 10 * time.Second, 20 * time.Second}
		if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
			t.Errorf("pings after %v, want %v", got, want)
		}
	})
}

func TestT13WhoDoesNotReadIsHungUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, wait := pipe(t)
		start := time.Now()
		if err := c.send(wire.Ping{Nonce: 1}); err != nil {
			t.Fatal(err)
		}
		wait()
		if blocked := time.Since(start); blocked != writeTimeout {
			t.Errorf("gave up after %v, want %v", blocked, writeTimeout)
		}
		if _, err := c.conn.NetConn().Write([]byte{0}); err == nil {
			t.Error("the connection is still open")
		}
	})
}

// What waits is more than a slow line brings in writeTimeout, but it comes.
func TestASlowLineBringsALargeRoster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, peer, wait := pipe(t)
		large := make([]byte, 8*writeAtATime)
		if err := c.sendFrames(large); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for got := 0; got < len(large); {
			n, err := io.ReadAtLeast(peer, make([]byte, writeAtATime/4), writeAtATime/8)
			if err != nil {
				t.Fatalf("%d bytes came, then: %v", got, err)
			}
			got += n
			time.Sleep(time.Second)
		}
		if time.Since(start) < 2*writeTimeout {
			t.Errorf("the line is not slow: %v", time.Since(start))
		}
		wait()
	})
}

func TestT13BacklogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, wait := pipe(t)
		relayed := wire.Relay{Payload: make([]byte, wire.MaxRelayedDatagram)}
		count := 0
		for c.relay(relayed) {
			count++
		}
		if bytes := count * wire.MaxRelayedDatagram; bytes > 2*maxRelayBacklog || bytes < maxRelayBacklog/2 {
			t.Errorf("%d bytes of relayed frames wait", bytes)
		}
		if err := c.send(wire.Ping{}); err != nil {
			t.Errorf("after dropped relay frames, other frames fail too: %v", err)
		}
		synctest.Wait() // the writer has taken what it could
		big := make([]byte, 1<<20)
		var err error
		for range 2 + maxBacklog/len(big) {
			if err = c.sendFrames(big); err != nil {
				break
			}
		}
		if !errors.Is(err, errSlowReader) {
			t.Errorf("more than maxBacklog waits for a peer that does not read: %v", err)
		}
		wait()
	})
}

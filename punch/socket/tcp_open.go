package socket

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/libp2p/go-reuseport"
)

// attemptTimes are how long the attempts to open a connection may stay without
// any answer. A SYN that comes before the other router is open is lost, and the
// kernel repeats it only after a second; a new attempt repeats it earlier. Each
// must outlive a round trip, or the answers find nobody: they grow, for those
// far away. All attempts are one flow at the routers.
var attemptTimes = [...]time.Duration{
	200 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond,
	400 * time.Millisecond, 400 * time.Millisecond, 400 * time.Millisecond,
	800 * time.Millisecond, 800 * time.Millisecond, 800 * time.Millisecond,
}

// openLimit bounds all attempts, with what half-open connections add to them.
// Longer ones only keep a router refusing: Linux forgets a refused connection,
// and the port it took, after 10 s of silence.
const openLimit = 5 * time.Second

// openSimultaneously connects source with the peer, who does the same towards
// us at about the same time (RFC 9293 section 3.5):
//
//	A                  A's router   B's router                  B
//	│── SYN ───────────────▶│── ╲   ╱ ──│◀─────────────── SYN ──│
//	│                       │    ╲ ╱    │                       │  each SYN finds the
//	│                       │    ╱ ╲    │                       │  other's router open
//	│◀───────────────── SYN │◀─ ╱   ╲ ─▶│ SYN ─────────────────▶│
//	│── SYN, ACK ──────────▶│── ╲   ╱ ──│◀────────── SYN, ACK ──│
//
// A peer that is not there yet answers with a reset, or not at all.
func openSimultaneously(ctx context.Context, source, to netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	var last error
	for _, patience := range attemptTimes {
		next := time.NewTimer(patience)
		conn, err := attempt(ctx, source, to, patience)
		if err == nil {
			next.Stop()
			return prepared(conn), nil
		}
		last = err
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
			return nil, fmt.Errorf("connect from %v to %v: %w", source, to, last)
		}
	}
	return nil, fmt.Errorf("connect from %v to %v: %w", source, to, last)
}

// attempt sends one SYN and gives up when nothing has come back after patience.
// A connection that is half open is let be: to drop it would leave the peer
// with the other half.
func attempt(ctx context.Context, source, to netip.AddrPort, patience time.Duration) (*net.TCPConn, error) {
	var watch sync.WaitGroup
	defer watch.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dialer := net.Dialer{
		KeepAlive: -1, // probes tell whether the peer is there
		Control: func(network, address string, raw syscall.RawConn) error {
			watch.Go(func() {
				for await(ctx, patience) && isHalfOpen(raw) {
				}
				cancel()
			})
			return reuseport.Control(network, address, raw)
		},
	}
	return dialer.DialTCP(ctx, "tcp", source, to)
}

// prepared makes a connection fit for datagrams. Package net has turned Nagle's
// algorithm off.
func prepared(conn *net.TCPConn) net.Conn {
	// A reset rather than FIN: the same two endpoints may have to meet again at
	// once, which TIME-WAIT would forbid.
	_ = conn.SetLinger(0)
	if raw, err := conn.SyscallConn(); err == nil {
		limitUnsent(raw)
	}
	return conn
}

// await waits; it reports false when ctx ended before.
func await(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

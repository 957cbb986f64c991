package socket

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/libp2p/go-reuseport"
)

// attemptTimes are how long after the beginning of an attempt that was refused the
// next one begins: the peer, or the router in front of it, was not ready yet. They
// grow, for those far away, and are so few that whoever refuses for good is let be.
var attemptTimes = [...]time.Duration{
	200 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond,
	400 * time.Millisecond, 400 * time.Millisecond, 400 * time.Millisecond,
	800 * time.Millisecond, 800 * time.Millisecond, 800 * time.Millisecond,
}

// openLimit bounds all attempts. Longer ones only keep a router refusing: Linux
// forgets a refused connection, and the port it took, after 10 s of silence.
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
// One of the two SYNs is enough. The earlier may be lost at the other router, which
// is not open yet; the later finds the earlier side's router open and its socket
// waiting, and is answered. So an attempt lasts until it is refused: another socket
// in its place would have another sequence number, and whoever had heard of the
// first would answer that one, for as long as answers take longer than an attempt.
//
// A peer that is not there yet answers with a reset, or not at all.
func openSimultaneously(ctx context.Context, source, to netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	conn, err := attempts(ctx, source, to)
	if err != nil {
		return nil, fmt.Errorf("connect from %v to %v: %w", source, to, err)
	}
	return prepared(conn), nil
}

// attempts returns the first connection that is not refused.
func attempts(ctx context.Context, source, to netip.AddrPort) (conn *net.TCPConn, err error) {
	dialer := net.Dialer{
		KeepAlive: -1, // probes tell whether the peer is there
		Control:   reuseport.Control,
	}
	for _, pause := range attemptTimes {
		next := time.After(pause)
		if conn, err = dialer.DialTCP(ctx, "tcp", source, to); err == nil {
			return conn, nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return nil, err
		}
	}
	return nil, err
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

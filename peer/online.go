package peer

import (
	"context"
	"errors"
	"sync"

	"peerd/wire"
)

// onlineGate lets callers wait for the first login.
type onlineGate struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	online  bool
	failure error
}

func newOnlineGate() onlineGate { return onlineGate{changed: make(chan struct{})} }

func (g *onlineGate) succeeded() { g.set(true, nil) }

func (g *onlineGate) failed(err error) { g.set(false, err) }

func (g *onlineGate) set(online bool, failure error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.online, g.failure = online, failure
	close(g.changed)
	g.changed = make(chan struct{})
}

func (g *onlineGate) state() (online bool, changed <-chan struct{}, failure error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.online, g.changed, g.failure
}

// AwaitOnline returns nil as soon as we are logged in, a wire.Refused when the
// rendezvous does not want us, and the context's error when it ends first,
// wrapped around the reason of the last failed attempt.
func (d *Daemon) AwaitOnline(ctx context.Context) error {
	for {
		online, changed, failure := d.online.state()
		if online {
			return nil
		}
		if refused, ok := errors.AsType[wire.Refused](failure); ok && refused.Code != wire.RefusedBusy {
			return refused
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), failure)
		}
	}
}

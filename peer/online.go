package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"peerd/internal/identity"
	"peerd/wire"
)

// onlineGate lets callers wait for the first login.
type onlineGate struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	online  bool
	before  bool // online at any time until now
	failure error
}

func newOnlineGate() onlineGate { return onlineGate{changed: make(chan struct{})} }

func (g *onlineGate) succeeded() { g.set(true, nil) }

func (g *onlineGate) failed(err error) { g.set(false, err) }

func (g *onlineGate) set(online bool, failure error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.online, g.failure = online, failure
	g.before = g.before || online
	close(g.changed)
	g.changed = make(chan struct{})
}

// once reports whether we have been online in this life.
func (g *onlineGate) once() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.before
}

func (g *onlineGate) state() (online bool, changed <-chan struct{}, failure error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.online, g.changed, g.failure
}

// OfflineError says why we were not logged in when the caller stopped waiting.
type OfflineError struct {
	Rendezvous string // HOST:PORT
	Cause      error  // of the last attempt; nil while the first is under way
	Ended      error  // the error of the caller's context
}

func (e *OfflineError) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("no answer from the rendezvous %s yet", e.Rendezvous)
	}
	return e.Cause.Error()
}

// Unwrap makes both the cause and the context's error known to package errors.
func (e *OfflineError) Unwrap() []error { return []error{e.Cause, e.Ended} }

// AwaitOnline returns nil as soon as we are logged in. It returns what takes a
// person to mend: a wire.Refused when the rendezvous does not want us, a
// *control.IncompatibleError when we do not understand it, and an
// *identity.WrongKeyError when whoever answers is not the one of our invite; a
// member goes on trying then, as it knows that its rendezvous exists. So does one
// that was removed: what is on this machine stays its user's to read. When ctx ends
// first the error is an *OfflineError.
func (d *Daemon) AwaitOnline(ctx context.Context) error {
	for {
		online, changed, failure := d.online.state()
		if online {
			return nil
		}
		if d.isFinal(failure) {
			return failure
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if online, _, _ := d.online.state(); online {
				return nil
			}
			return &OfflineError{Rendezvous: d.rendezvousAddress(), Cause: failure, Ended: ctx.Err()}
		}
	}
}

func (d *Daemon) isFinal(failure error) bool {
	_, wrongKey := errors.AsType[*identity.WrongKeyError](failure)
	return isRefusal(failure) && !d.wasRemoved(failure) || wrongKey && !d.isMember()
}

// wasRemoved reports whether failure says that we, who were a member, are none any
// more. Whoever starts us with an invite wants to hear that it was of no use.
func (d *Daemon) wasRemoved(failure error) bool {
	refused, _ := errors.AsType[wire.Refused](failure)
	if refused.Code != wire.RefusedNotMember && refused.Code != wire.RefusedBanned {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.membership.confirmed && d.membership.token.Reveal() == nil
}

func (d *Daemon) isMember() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.membership.confirmed
}

func (d *Daemon) rendezvousAddress() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.membership.Address
}

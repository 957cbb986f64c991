package peer

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"peerd/internal/netwatch"
)

// What makes us doubt the network, and what is done about it:
//
//	the host's own network changed ──▶ every direct path in doubt, login by UDP,
//	  (netwatch)                       control connection asked or dialled anew
//	the router has a new mapping ────▶ the same, but for the login
//	  (an answer to a login)
//	a direct path in doubt ──────────▶ login by UDP, control connection asked

const (
	// doubtSpacing is the least time between two doubts that are acted upon: a
	// lossy path is in doubt again and again, and each costs a login and a ping.
	doubtSpacing = time.Second
	// returnSpread is how far apart we log in when the rendezvous answers by UDP
	// again after an outage: so do all others.
	returnSpread = 300 * time.Millisecond
	// returnSilence is how long it must not have answered for that. When it did
	// all the time, it is not the network that keeps us from logging in.
	returnSilence = time.Second
)

// errNetworkChanged ends a control connection that the network has cut.
var errNetworkChanged = errors.New("the network changed")

// roaming wakes those who have to look at the network again. Each channel holds
// one signal.
type roaming struct {
	changes chan struct{} // the network is another one
	doubts  chan struct{} // it may be
	redial  chan struct{} // do not wait for the next attempt to log in
	// mappings says that the router may have lost the port mappings.
	mappings chan struct{}
	// moves bounds how often our router counts as changed.
	moves *rate.Limiter
}

func newRoaming() roaming {
	return roaming{
		changes:  make(chan struct{}, 1),
		doubts:   make(chan struct{}, 1),
		redial:   make(chan struct{}, 1),
		mappings: make(chan struct{}, 1),
		moves:    rate.NewLimiter(rate.Every(moveEvery), moveBurst),
	}
}

func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // there is one
	}
}

// networkChanged begins anew on a changed network: nothing that worked counts.
func (d *Daemon) networkChanged(change netwatch.Change) {
	d.log.Info().Stringer("change", change).Msg("network changed")
	signal(d.roaming.changes)
	signal(d.roaming.mappings)
	d.socket.NetworkChanged()
	connection := d.currentControl()
	switch {
	case connection == nil:
		d.redial()
	case !d.isLocal(connection.LocalAddr().Addr()):
		d.dropControl()
	default:
		connection.Doubt()
	}
}

// isLocal reports whether connections can still come from address.
func (d *Daemon) isLocal(address netip.Addr) bool {
	return address.IsLoopback() || netwatch.Look().Has(address)
}

// routerChanged takes the news that our router maps us to another endpoint: it
// has another address, or it has rebooted. Connections through it are dead; one
// that is not costs a login. It must not block.
func (d *Daemon) routerChanged(before observation, now netip.AddrPort) {
	d.log.Info().Stringer("before", before.accept.Observed).Stringer("now", now).Msg("router changed our endpoint")
	signal(d.roaming.mappings)
	if !before.at.IsZero() { // else before was seen before the control connection was made
		d.dropControl()
	}
	d.socket.NetworkChanged()
}

func (d *Daemon) doubtControl() {
	if connection := d.currentControl(); connection != nil {
		connection.Doubt()
	}
}

// dropControl ends the control connection, and has us log in again at once.
func (d *Daemon) dropControl() {
	if connection := d.currentControl(); connection != nil {
		signal(d.roaming.redial)
		connection.Drop(errNetworkChanged)
	}
}

// redial begins a new login now, in place of one that may have begun on another
// network.
func (d *Daemon) redial() {
	signal(d.roaming.redial)
	d.mu.Lock()
	abort := d.dialling
	d.mu.Unlock()
	if abort != nil {
		abort()
	}
}

// awaitRedial waits until the next attempt to log in, after one that ended with
// err. It reports whether there is a reason to try early: another network, or
// the same one working again.
func (d *Daemon) awaitRedial(wait time.Duration, err error) (early bool) {
	ctx, cancel := context.WithTimeout(d.ctx, wait)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	d.mu.Lock()
	server := d.server
	d.mu.Unlock()
	if server.IsValid() && mayBeTheNetwork(err) {
		asking.Go(func() {
			if d.awaitReturn(ctx, server) {
				signal(d.roaming.redial)
			}
		})
	}
	select {
	case <-d.roaming.redial:
		return true
	case <-ctx.Done():
		return false
	}
}

// mayBeTheNetwork reports whether a login may have failed for want of a network.
// When the rendezvous said something, or its host did, there is one.
func mayBeTheNetwork(err error) bool {
	_, goodbye := errors.AsType[errGoodbye](err)
	return !goodbye && !isRefusal(err) && !errors.Is(err, syscall.ECONNREFUSED)
}

// awaitReturn reports that the rendezvous answers by UDP after a silence; false
// when it has answered all the time, or when ctx ends.
func (d *Daemon) awaitReturn(ctx context.Context, server netip.AddrPort) bool {
	start := time.Now()
	if _, err := d.socket.Login(ctx, server); err != nil || time.Since(start) < returnSilence {
		return false
	}
	select {
	case <-time.After(rand.N(returnSpread)):
		return true
	case <-ctx.Done():
		return false
	}
}

// rejoinSessions asks for an introduction in each session that has no direct
// path: the rendezvous forgot its relay routes with our last login, and where we
// are may be news.
func (d *Daemon) rejoinSessions() {
	for _, s := range d.allSessions() {
		if path := s.punch.Path(); !path.IsDirect() || path.Doubtful {
			d.conversation(s.peer).want(true)
		}
	}
}

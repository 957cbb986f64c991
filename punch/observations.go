package punch

import (
	"net/netip"
	"time"
)

// observationRetry is how long an answer to a login is waited for before those
// still missing are asked again, and maxObservationTries how often they are
// asked. The mapping a lost login has made stays, so a late answer tells the
// same.
const (
	observationRetry    = 150 * time.Millisecond
	maxObservationTries = 4
)

// observations are the answers to logins from sockets of ours: where the
// rendezvous sees them, in the order in which they were opened.
type observations struct {
	sockets []SocketID
	seen    map[SocketID]netip.AddrPort
	askedAt time.Time
	tries   int
}

// ask logs in from a new socket.
func (o *observations) ask(e *Engine, now time.Time, strategy Strategy, target netip.AddrPort) {
	id := e.openSocket(strategy, target)
	o.sockets = append(o.sockets, id)
	o.askedAt, o.tries = now, 1
	e.act(SendLogin{Socket: id})
}

// askAgain repeats the logins that were not answered, when it is time.
func (o *observations) askAgain(e *Engine, now time.Time) {
	if at := o.wake(); at.IsZero() || at.After(now) {
		return
	}
	o.askedAt = now
	o.tries++
	for _, id := range o.sockets {
		if !o.seen[id].IsValid() && e.sockets.isOpen(id) {
			e.act(SendLogin{Socket: id})
		}
	}
}

func (o *observations) wake() time.Time {
	if o.complete() || o.tries == 0 || o.tries >= maxObservationTries {
		return time.Time{}
	}
	return o.askedAt.Add(observationRetry)
}

// take notes an answer, and reports whether it was the last one missing.
func (o *observations) take(event Observed) bool {
	if o.complete() {
		return false
	}
	for _, id := range o.sockets {
		if id == event.Socket {
			if o.seen == nil {
				o.seen = make(map[SocketID]netip.AddrPort)
			}
			o.seen[id] = event.Endpoint
		}
	}
	return o.complete()
}

func (o *observations) complete() bool { return len(o.seen) == len(o.sockets) }

// endpoints returns the observed endpoints; there is one for every socket once
// the observations are complete.
func (o *observations) endpoints() []netip.AddrPort {
	var endpoints []netip.AddrPort
	for _, id := range o.sockets {
		endpoints = append(endpoints, o.seen[id])
	}
	return endpoints
}

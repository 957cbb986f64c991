package portmap

import (
	"errors"
	"net/netip"
	"time"
)

// defaultLifetime is what we ask routers for. It bounds how long a mapping
// outlives a daemon that was killed, and half of it how long we may not notice
// that a router has forgotten ours without announcing it. RFC 6886 recommends
// two hours, for devices that have to save energy.
const defaultLifetime = 10 * time.Minute

const (
	// firstTimeout is how long we wait for the first answer; every further
	// wait is twice as long (RFC 6886 section 3.1). Routers on the link answer
	// in milliseconds.
	firstTimeout = 250 * time.Millisecond
	// maxTimeout is the longest wait (RFC 6887 section 8.1.1): how often a
	// router is asked that has never answered.
	maxTimeout = 1024 * time.Second
	// minRenewal bounds the traffic to a router that grants very short
	// lifetimes (RFC 6887 section 11.2.1).
	minRenewal = 4 * time.Second
	// refreshSpacing bounds the traffic that doubts, and announcements, which
	// anybody in the home can forge, make us send.
	refreshSpacing = 5 * time.Second
	// removalTime is how long we try to remove a mapping when we leave; longer
	// would delay the exit of the program. What is left ends with its lifetime.
	removalTime = time.Second
)

var errNoLifetime = errors.New("the router granted a mapping without a lifetime")

// A dialect is what PCP and NAT-PMP differ in.
type dialect interface {
	// requests returns the datagrams of one attempt to get or to renew a
	// mapping, preferably with this external endpoint, of which the address or
	// all may be zero. Lifetime 0 removes the mapping.
	requests(lifetime time.Duration, external netip.AddrPort) [][]byte
	// read decodes a datagram of the router. False: it is none, or not for us.
	read(datagram []byte) (answer, bool)
}

// An answer is what one datagram of the router tells.
type answer struct {
	epoch    uint32
	hasEpoch bool
	mapping  bool          // it is about our mapping, not about the router as such
	refused  error         // nil: success
	pause    time.Duration // how long to leave the router alone after a refusal
	address  netip.Addr    // external; zero if not told
	port     uint16        // external; 0 if not told
	lifetime time.Duration // of the mapping
}

// A lease is one mapping of one dialect at one router: the machine that asks
// for it, renews it and removes it. It is pure; its driver sends what comes out
// and calls step when something was received, and when wake says so.
//
//	          both address and port known
//	┌────────┐──────────────────────────▶┌─────────┐
//	│ asking │   refused                 │ resting │
//	└────────┘◀──────────────────────────└─────────┘
//	     │      half the lifetime, pause      │
//	     │      over, router lost its state   │
//	     └───────────────┬────────────────────┘
//	                stop ▼
//	┌──────────┐ answer, or removalTime ┌───────┐
//	│ removing │───────────────────────▶│ ended │
//	└──────────┘                        └───────┘
type lease struct {
	dialect  dialect
	random   func() float64 // in [0, 1)
	lifetime time.Duration  // what we ask for, and at most believe

	state    leaseState
	attempt  int       // datagrams of this state sent so far
	nextAt   time.Time // when asking or removing: of the next attempt; resting: of the next state
	askedAt  time.Time // of the last attempt
	deadline time.Time // removing: when we give up
	epoch    epoch

	// wanted is what we suggest: our own port, later what we had.
	wanted netip.AddrPort
	// address, port and granted are told by the answers to the current question.
	address netip.Addr
	port    uint16
	granted time.Duration
	// external is the mapping that we have until expires; zero: none.
	external netip.AddrPort
	expires  time.Time

	actions []action // of the step under way
}

type leaseState int

const (
	asking leaseState = iota
	resting
	removing
	ended
)

// The events of a lease.
type (
	event any
	// received is a datagram of the router.
	received struct{ datagram []byte }
	// doubt says that the router may have lost the mapping.
	doubt struct{}
	// stop asks to remove the mapping.
	stop struct{}
	// tick is the passing of time only.
	tick struct{}
)

// The actions of a lease.
type (
	action any
	// send is a datagram for the router.
	send struct{ datagram []byte }
	// changed tells the external endpoint, zero when it is lost.
	changed struct {
		external netip.AddrPort
		lifetime time.Duration
	}
	// refused tells why there is no mapping, or why it was not renewed.
	refused struct{ err error }
)

// newLease returns a lease that asks with its first tick.
func newLease(d dialect, port uint16, lifetime time.Duration, random func() float64) *lease {
	return &lease{dialect: d, random: random, lifetime: lifetime, wanted: netip.AddrPortFrom(netip.Addr{}, port)}
}

// step applies one event at time now and returns what is to be done, in order.
func (l *lease) step(now time.Time, e event) []action {
	switch e := e.(type) {
	case received:
		if told, ok := l.dialect.read(e.datagram); ok {
			l.told(now, told)
		}
	case doubt:
		if l.state == resting {
			l.askAgain(now)
		}
	case stop:
		l.stop(now)
	case tick:
	}
	l.expire(now)
	l.sendDue(now)
	actions := l.actions
	l.actions = nil
	return actions
}

// wake returns when to step a tick.
func (l *lease) wake() time.Time {
	at := l.nextAt
	if l.external.IsValid() && l.expires.Before(at) {
		at = l.expires
	}
	if l.state == removing && l.deadline.Before(at) {
		at = l.deadline
	}
	return at
}

// isEnded reports whether the lease is over. It needs no more steps then.
func (l *lease) isEnded() bool { return l.state == ended }

func (l *lease) told(now time.Time, told answer) {
	if l.state == removing {
		if told.mapping && (told.lifetime == 0 || told.refused != nil) {
			l.state = ended
		}
		return
	}
	lost := told.hasEpoch && l.epoch.observe(now, told.epoch)
	switch {
	case l.state == asking && told.refused != nil:
		l.rest(now, told.pause)
		l.act(refused{told.refused})
	case l.state == asking:
		if lost { // what was told before is void
			l.address, l.port = netip.Addr{}, 0
		}
		l.collect(now, told)
	case lost, told.address.IsValid() && told.address != l.external.Addr():
		l.askAgain(now)
	}
}

// collect notes what an answer tells; when all is known, the mapping is ours.
func (l *lease) collect(now time.Time, told answer) {
	if told.address.IsValid() {
		l.address = told.address
	}
	if told.mapping {
		l.port, l.granted = told.port, told.lifetime
		if l.port == 0 || l.granted <= 0 {
			l.rest(now, minPause)
			l.act(refused{errNoLifetime})
			return
		}
	}
	if !l.address.IsValid() || l.port == 0 {
		return
	}
	lifetime := min(l.granted, l.lifetime)
	l.expires = now.Add(lifetime)
	l.rest(now, renewal(lifetime, l.random()))
	l.setExternal(netip.AddrPortFrom(l.address, l.port), lifetime)
	l.wanted = l.external
}

// renewal is when to renew a mapping: a random time between 1/2 and 5/8 of its
// lifetime (RFC 6887 section 11.2.1).
func renewal(lifetime time.Duration, random float64) time.Duration {
	return max(minRenewal, lifetime/2+time.Duration(random*float64(lifetime/8)))
}

func (l *lease) rest(now time.Time, pause time.Duration) {
	l.state, l.nextAt = resting, now.Add(pause)
}

// ask starts a new question.
func (l *lease) ask(at time.Time) {
	l.state, l.attempt, l.nextAt = asking, 0, at
	l.address, l.port = netip.Addr{}, 0
}

// askAgain asks ahead of time, because what we have is in doubt.
func (l *lease) askAgain(now time.Time) {
	at := l.askedAt.Add(refreshSpacing)
	if at.Before(now) {
		at = now
	}
	l.ask(at)
}

// stop removes the mapping. If there is none that we know of, the answer to our
// question may only be lost: then one attempt has to do, so that most programs,
// at home with a router that offers nothing, exit at once.
func (l *lease) stop(now time.Time) {
	l.state, l.attempt, l.nextAt, l.deadline = removing, 0, now, now
	if l.external.IsValid() {
		l.deadline = now.Add(removalTime)
		l.setExternal(netip.AddrPort{}, 0)
	}
	if !l.askedAt.IsZero() {
		l.sendDue(now)
	}
}

func (l *lease) expire(now time.Time) {
	if l.state == removing && !now.Before(l.deadline) {
		l.state = ended
	}
	if l.external.IsValid() && !now.Before(l.expires) {
		l.setExternal(netip.AddrPort{}, 0)
	}
}

// sendDue makes the attempt that is due.
func (l *lease) sendDue(now time.Time) {
	if l.state == ended || now.Before(l.nextAt) {
		return
	}
	lifetime := l.lifetime
	switch l.state {
	case resting:
		l.ask(now)
	case removing:
		lifetime = 0
	}
	for _, datagram := range l.dialect.requests(lifetime, l.wanted) {
		l.act(send{datagram})
	}
	l.askedAt, l.nextAt = now, now.Add(backoff(firstTimeout, l.attempt, l.random()))
	l.attempt++
}

// backoff is how long to wait after the given attempt, counted from 0: twice as
// long each time, 10 % more or less (RFC 6887 section 8.1.1).
func backoff(first time.Duration, attempt int, random float64) time.Duration {
	wait := maxTimeout
	if attempt < 20 { // beyond, first<<attempt would overflow
		wait = min(first<<attempt, maxTimeout)
	}
	return time.Duration(float64(wait) * (0.9 + 0.2*random))
}

// setExternal announces a new external endpoint.
func (l *lease) setExternal(external netip.AddrPort, lifetime time.Duration) {
	if external != l.external {
		l.external = external
		l.act(changed{external, lifetime})
	}
}

func (l *lease) act(a action) { l.actions = append(l.actions, a) }

package rendezvous

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"time"

	"peerd/wire"
)

// The two UDP ports of a rendezvous.
type port int

const (
	// mainPort is the one of --listen: logins and relayed datagrams.
	mainPort port = iota
	// otherPort is the next one. It only answers logins: a peer that is seen
	// at the same endpoint by both has an endpoint-independent NAT mapping.
	otherPort
)

// An observer is one of the endpoints of ours that peers are observed from: a
// port at the first or the second address of a family. The zero observer is the
// one that peers usually log in to.
type observer struct {
	port   port
	second bool // address
}

// observers are all there are.
var observers = [...]observer{{mainPort, false}, {otherPort, false}, {mainPort, true}, {otherPort, true}}

// cookies makes and checks the proofs that a UDP endpoint was observed. Each
// observer has a secret of its own, because an endpoint that only another one
// has seen is no way to send relayed datagrams from the one that a peer logs in
// to. Secrets are drawn at every start: cookies of an earlier one are worthless,
// and peers log in again anyway.
type cookies struct {
	secrets [len(observers)][32]byte
	opened  time.Time
}

func newCookies() *cookies {
	c := &cookies{opened: time.Now()}
	for i := range c.secrets {
		_, _ = rand.Read(c.secrets[i][:]) // never fails
	}
	return c
}

// at returns the time that cookies know for now: one that goes on evenly, even when
// somebody sets our clock.
func (c *cookies) at(now time.Time) time.Time { return c.opened.Round(0).Add(now.Sub(c.opened)) }

// bake returns a cookie for what an observer has just seen.
func (c *cookies) bake(by observer, observed netip.AddrPort, now time.Time) wire.Cookie {
	return wire.NewCookie(&c.secrets[slices.Index(observers[:], by)], observed, c.at(now))
}

// maker returns the observer whose cookie proves that it has seen endpoint, false
// if it is nobody's.
func (c *cookies) maker(cookie wire.Cookie, endpoint netip.AddrPort, now time.Time) (by observer, proven bool) {
	for i := range c.secrets {
		if cookie.Valid(&c.secrets[i], endpoint, c.at(now)) {
			return observers[i], true
		}
	}
	return observer{}, false
}

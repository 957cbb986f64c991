package rendezvous

import (
	"crypto/rand"
	"net/netip"
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

// cookies makes and checks the proofs that a UDP endpoint was observed. Each
// port has a secret of its own, because an endpoint that only the other port
// has seen is no way to send relayed datagrams from the main one. Secrets are
// drawn at every start: cookies of an earlier one are worthless, and peers log
// in again anyway.
type cookies struct{ secrets [2][32]byte }

func newCookies() *cookies {
	c := new(cookies)
	for i := range c.secrets {
		_, _ = rand.Read(c.secrets[i][:]) // never fails
	}
	return c
}

// bake returns a cookie for what the given port has just observed.
func (c *cookies) bake(by port, observed netip.AddrPort, now time.Time) wire.Cookie {
	return wire.NewCookie(&c.secrets[by], observed, now)
}

// valid reports whether cookie proves that the given port observed endpoint.
func (c *cookies) valid(by port, cookie wire.Cookie, endpoint netip.AddrPort, now time.Time) bool {
	return cookie.Valid(&c.secrets[by], endpoint, now)
}

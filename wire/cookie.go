package wire

import (
	"crypto/hmac"
	"encoding/binary"
	"net/netip"
	"time"
)

const (
	// CookieLifetime is how long a cookie certifies its endpoint. Longer than the
	// interval at which peers renew it, short enough that an address which
	// changed hands is not probed for its old owner.
	CookieLifetime = 120 * time.Second
	// cookieSkew is how far in the future a cookie may lie: the clock of the
	// rendezvous that made it may be ahead of the one that checks it.
	cookieSkew = 5 * time.Second
)

// A Cookie is the rendezvous' note to itself that it observed an endpoint at a
// time: it keeps no state for a login, and whoever shows the cookie has
// received datagrams there. To a peer it is opaque. The zero Cookie is none.
//
//	unix seconds (4) || HMAC-SHA256(secret,
//	    "peerd cookie v1" || unix seconds (4) || address (16) || port (2))[:16]
//
// IPv4 addresses are mapped into 16 bytes (RFC 4291 section 2.5.5.2).
type Cookie [20]byte

// NewCookie certifies that observed was seen at now.
func NewCookie(secret *[32]byte, observed netip.AddrPort, now time.Time) Cookie {
	var seconds [4]byte
	binary.BigEndian.PutUint32(seconds[:], uint32(now.Unix()))
	return makeCookie(secret, seconds, observed)
}

// Valid reports whether c was made with secret for observed, at most
// CookieLifetime before now.
func (c Cookie) Valid(secret *[32]byte, observed netip.AddrPort, now time.Time) bool {
	want := makeCookie(secret, [4]byte(c[:4]), observed)
	made := time.Unix(int64(binary.BigEndian.Uint32(c[:4])), 0)
	age := now.Sub(made)
	return hmac.Equal(c[:], want[:]) && age >= -cookieSkew && age <= CookieLifetime
}

func makeCookie(secret *[32]byte, seconds [4]byte, observed netip.AddrPort) Cookie {
	var input [maxMACInput]byte
	b := append(input[:0], "peerd cookie v1"...)
	b = append(b, seconds[:]...)
	address := observed.Addr().As16()
	b = append(b, address[:]...)
	b = binary.BigEndian.AppendUint16(b, observed.Port())
	sum := hmacSHA256(secret, b)
	var cookie Cookie
	copy(cookie[copy(cookie[:], seconds[:]):], sum[:])
	return cookie
}

// encode returns nothing for no cookie.
func (c Cookie) encode() []byte {
	if c == (Cookie{}) {
		return nil
	}
	return c[:]
}

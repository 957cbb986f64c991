// Package webgate keeps web pages away from our HTTP services, none of which is for
// browsers: the control socket of peerd, and the admin socket and the metrics of
// rendezvous.
//
//	page of evil.example ── rebound DNS, or a proxy ──▶ Host: evil.example  ──▶ 403
//	page of evil.example ── fetch, form, WebSocket ───▶ Origin, Sec-Fetch-* ──▶ 403
//	a tool that was told where we are ────────────────▶ Host: ours          ──▶ served
//
// A page can make a browser ask anything of any address, but it cannot choose the
// Host header, nor leave out what browsers add to requests of other sites' pages.
// It does not authenticate anybody: programs that are no browsers send what they
// like, and are kept out by sockets' modes and by addresses.
package webgate

import (
	"errors"
	"net/http"
	"net/url"
)

// Why a request is refused.
var (
	ErrForeignHost = errors.New("the request is for another host")
	ErrForeignPage = errors.New("the request comes from another site's page")
	ErrUpgrade     = errors.New("there is no WebSocket here")
)

// Check returns why r may not be answered; allowed says which Host headers are ours.
// What a user types into the address bar is not a page's request.
func Check(r *http.Request, allowed func(host string) bool) error {
	if !allowed(r.Host) {
		return ErrForeignHost
	}
	switch r.Header.Get("Sec-Fetch-Site") { // W3C Fetch Metadata
	case "", "none", "same-origin":
	default:
		return ErrForeignPage
	}
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		// The opaque origin, "null", has no host.
		origin, err := url.Parse(origins[0])
		if len(origins) > 1 || err != nil || origin.Host != r.Host {
			return ErrForeignPage
		}
	}
	if r.Header.Get("Upgrade") != "" {
		return ErrUpgrade
	}
	return nil
}

// Disarm sets what makes an answer harmless in a browser all the same: it is taken
// for nothing but what its type says, runs nothing, and is no part of any page.
func Disarm(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

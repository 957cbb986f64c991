package wire

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"
)

var cookieSecret = counting[[32]byte](0x20)

func TestCookieProvesItsEndpointOnly(t *testing.T) {
	cookie := NewCookie(&cookieSecret, exampleEndpoint, exampleTime)
	otherSecret := counting[[32]byte](0x21)
	address, port := exampleEndpoint.Addr(), exampleEndpoint.Port()
	for _, c := range []struct {
		name     string
		secret   *[32]byte
		endpoint netip.AddrPort
		want     bool
	}{
		{"its endpoint", &cookieSecret, exampleEndpoint, true},
		{"its endpoint, IPv4-mapped", &cookieSecret, netip.AddrPortFrom(netip.AddrFrom16(address.As16()), port), true},
		{"another port", &cookieSecret, netip.AddrPortFrom(address, port+1), false},
		{"another address", &cookieSecret, netip.AddrPortFrom(address.Next(), port), false},
		{"another secret", &otherSecret, exampleEndpoint, false},
		{"no endpoint", &cookieSecret, netip.AddrPort{}, false},
	} {
		if got := cookie.Valid(c.secret, c.endpoint, exampleTime); got != c.want {
			t.Errorf("%s: valid is %v", c.name, got)
		}
	}
}

func TestCookieLivesForItsLifetime(t *testing.T) {
	made := exampleTime.Truncate(time.Second)
	cookie := NewCookie(&cookieSecret, exampleEndpoint, made)
	for _, c := range []struct {
		name string
		age  time.Duration
		want bool
	}{
		{"new", 0, true},
		{"at its last instant", CookieLifetime, true},
		{"an instant later", CookieLifetime + 1, false},
		{"from a clock 5 s ahead", -5 * time.Second, true},
		{"from the future", -5*time.Second - 1, false},
		{"a year later", 365 * 24 * time.Hour, false},
	} {
		if got := cookie.Valid(&cookieSecret, exampleEndpoint, made.Add(c.age)); got != c.want {
			t.Errorf("%s: valid is %v", c.name, got)
		}
	}
}

func TestNoBitOfACookieCanBeChanged(t *testing.T) {
	cookie := NewCookie(&cookieSecret, exampleEndpoint, exampleTime)
	for bit := range 8 * len(cookie) {
		changed := cookie
		changed[bit/8] ^= 1 << (bit % 8)
		if changed.Valid(&cookieSecret, exampleEndpoint, exampleTime) {
			t.Errorf("bit %d of byte %d can be changed", bit%8, bit/8)
		}
	}
	if (Cookie{}).Valid(&cookieSecret, exampleEndpoint, time.Unix(0, 0)) {
		t.Error("the zero cookie is valid")
	}
}

type cookieVector struct {
	Name        string         `json:"name"`
	Secret      string         `json:"secret"`
	Endpoint    netip.AddrPort `json:"endpoint"`
	UnixSeconds int64          `json:"unix_seconds"`
	Cookie      string         `json:"cookie"`
}

func TestCookieVectors(t *testing.T) {
	if *update {
		var vectors []cookieVector
		for _, endpoint := range []netip.AddrPort{exampleEndpoint, exampleEndpoint6} {
			cookie := NewCookie(&cookieSecret, endpoint, exampleTime)
			vectors = append(vectors, cookieVector{"for " + endpoint.String(), hex.EncodeToString(cookieSecret[:]), endpoint, exampleTime.Unix(), hex.EncodeToString(cookie[:])})
		}
		writeTestdata(t, "cookie", vectors)
	}
	var vectors []cookieVector
	readTestdata(t, "cookie", &vectors)
	for _, v := range vectors {
		cookie := NewCookie((*[32]byte)(unhex(t, v.Secret)), v.Endpoint, time.Unix(v.UnixSeconds, 0))
		if got := hex.EncodeToString(cookie[:]); got != v.Cookie {
			t.Errorf("%s: cookie is %s, want %s", v.Name, got, v.Cookie)
		}
	}
}

func BenchmarkCookie(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewCookie(&cookieSecret, exampleEndpoint, exampleTime)
	}
}

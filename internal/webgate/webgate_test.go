package webgate

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestT17PagesAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		host, header, value string
		want                error
	}{
		"a tool":                               {"ours", "User-Agent", "curl", nil},
		"somebody types our address":           {"ours", "Sec-Fetch-Site", "none", nil},
		"our own page":                         {"ours", "Origin", "http://ours", nil},
		"our own page, says the browser":       {"ours", "Sec-Fetch-Site", "same-origin", nil},
		"a rebound name":                       {"evil.example", "User-Agent", "Mozilla", ErrForeignHost},
		"no host":                              {"", "User-Agent", "curl", ErrForeignHost},
		"a page of another site":               {"ours", "Sec-Fetch-Site", "cross-site", ErrForeignPage},
		"a page of a neighbour":                {"ours", "Sec-Fetch-Site", "same-site", ErrForeignPage},
		"a browser that says something new":    {"ours", "Sec-Fetch-Site", "elsewhere", ErrForeignPage},
		"a foreign origin":                     {"ours", "Origin", "http://evil.example", ErrForeignPage},
		"an origin on another port":            {"ours", "Origin", "http://ours:8080", ErrForeignPage},
		"an opaque origin":                     {"ours", "Origin", "null", ErrForeignPage},
		"an origin that is empty":              {"ours", "Origin", "", ErrForeignPage},
		"an origin that is none":               {"ours", "Origin", "http://[", ErrForeignPage},
		"a WebSocket":                          {"ours", "Upgrade", "websocket", ErrUpgrade},
		"an upgrade to HTTP/2 without a TLS":   {"ours", "Upgrade", "h2c", ErrUpgrade},
		"an origin that only begins like ours": {"ours", "Origin", "http://ours.evil.example", ErrForeignPage},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = c.host
			r.Header.Set(c.header, c.value)
			if err := Check(r, func(host string) bool { return host == "ours" }); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestT17SecondOriginDoesNotHide(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "http://ours/", nil)
	r.Header["Origin"] = []string{"http://ours", "http://evil.example"}
	if err := Check(r, func(string) bool { return true }); !errors.Is(err, ErrForeignPage) {
		t.Errorf("got %v", err)
	}
}

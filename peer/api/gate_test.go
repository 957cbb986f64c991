package api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"peerd/peer/api/apitest"
)

func TestT17ForeignHostsAreRefused(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	for _, host := range []string{"evil.example", "localhost", "127.0.0.1:80", "peerd.", "peerd:80", "PEERD.example", "[::1]", ""} {
		for _, target := range []string{"/v1/status", "/v1/events", "/", "/favicon.ico"} {
			if got := ask(t, socket, host, target); got != http.StatusForbidden {
				t.Errorf("host %q, %s: got status %d, want 403", host, target, got)
			}
		}
	}
	if got := ask(t, socket, "peerd", "/v1/status"); got != http.StatusOK {
		t.Errorf("our own host: got status %d", got)
	}
}

// TestT17PagesOfBrowsersAreRefused is for the day somebody bridges the socket to TCP
// (CVE-2022-41924 was such a day).
func TestT17PagesOfBrowsersAreRefused(t *testing.T) {
	daemon := apitest.Circle()
	socket, _ := serve(t, daemon)
	for name, header := range map[string]string{
		"a fetch of another site's page": "Sec-Fetch-Site: cross-site",
		"a form of another site's page":  "Origin: https://evil.example",
		"a page without an origin":       "Origin: null",
		"a WebSocket":                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13",
		"a second host":                  "Host: evil.example",
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, socket)
			body := `{"to":"bob","text":"hi"}`
			fmt.Fprintf(conn, "POST /v1/messages HTTP/1.1\r\nHost: peerd\r\n%s\r\nContent-Length: %d\r\n\r\n%s", header, len(body), body)
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusForbidden && response.StatusCode != http.StatusBadRequest {
				t.Errorf("got status %d", response.StatusCode)
			}
			if texts := daemon.Texts(); len(texts) > 0 {
				t.Errorf("sent %q", texts)
			}
		})
	}
	conn := dial(t, socket)
	fmt.Fprint(conn, "GET http://evil.example/v1/status HTTP/1.1\r\nHost: peerd\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("a proxy's request for another host: got status %d", response.StatusCode)
	}
}

// TestT18AnswersAreNoPages: there is no page to inject anything into, and what we
// answer is none either, whatever it quotes.
func TestT18AnswersAreNoPages(t *testing.T) {
	const attack = `<script>alert(1)</script>&<img src=x onerror=alert(1)>`
	daemon := apitest.Circle()
	daemon.Receive("bob", attack)
	socket, _ := serve(t, daemon)
	for target, typ := range map[string]string{
		"/v1/messages":                 "application/x-ndjson",
		"/v1/why?peer=%3Cscript%3E":    "application/json",
		"/v1/%3Cscript%3E":             "application/json",
		"/v1/events?type=%3Cscript%3E": "application/json",
	} {
		conn := dial(t, socket)
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: peerd\r\nConnection: close\r\n\r\n", target)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		body.ReadFrom(response.Body)
		response.Body.Close()
		if !strings.Contains(body.String(), "script") || strings.ContainsAny(body.String(), "<>&") {
			t.Errorf("%s: body %q", target, body.String())
		}
		h := response.Header
		if h.Get("Content-Type") != typ || h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: header %v", target, h)
		}
	}
}

// ask makes a request by hand and returns the answer's status.
func ask(t *testing.T, socket, host, target string) int {
	t.Helper()
	conn := dial(t, socket)
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, host)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestT17RequestsAreBounded(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	for name, c := range map[string]struct {
		request string
		want    int
	}{
		"a header of 64 KiB":         {"GET /v1/status HTTP/1.1\r\nHost: peerd\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a body beyond the limit":    {"POST /v1/ping HTTP/1.1\r\nHost: peerd\r\nContent-Length: 600000\r\n\r\n\"" + strings.Repeat("a", 599_999), http.StatusBadRequest},
		"a body that is no JSON":     {"POST /v1/ping HTTP/1.1\r\nHost: peerd\r\nContent-Length: 3\r\n\r\n<x>", http.StatusBadRequest},
		"a request nobody knows":     {"DELETE /v1/status HTTP/1.1\r\nHost: peerd\r\n\r\n", http.StatusBadRequest},
		"an event type nobody knows": {"GET /v1/events?type=x HTTP/1.1\r\nHost: peerd\r\n\r\n", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, socket)
			go conn.Write([]byte(c.request)) // the answer may come before the end of the question
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != c.want {
				t.Errorf("got status %d, want %d", response.StatusCode, c.want)
			}
		})
	}
}

func TestT19AnAnswerCannotSteerATerminal(t *testing.T) {
	daemon := apitest.Circle()
	daemon.Receive("bob", "\x1b]52;c;aGk=\x07 \u009b2J \u202e \x7f \r")
	socket, _ := serve(t, daemon)
	conn := dial(t, socket)
	fmt.Fprintf(conn, "GET /v1/messages HTTP/1.1\r\nHost: peerd\r\nConnection: close\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	body.ReadFrom(response.Body)
	if !strings.Contains(body.String(), "aGk=") {
		t.Fatalf("the message is missing: %q", body.String())
	}
	if i := bytes.IndexFunc(body.Bytes(), func(r rune) bool { return r < ' ' && r != '\n' || r >= 0x7f }); i >= 0 {
		t.Errorf("byte %d of %q is not safe", i, body.String())
	}
}

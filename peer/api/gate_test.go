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

func TestForeignHostsAreRefused(t *testing.T) {
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

func TestRequestsAreBounded(t *testing.T) {
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

func TestAnAnswerCannotSteerATerminal(t *testing.T) {
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

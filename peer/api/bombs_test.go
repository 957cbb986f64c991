package api_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"peerd/internal/spoil"
	"peerd/peer/api/apitest"
)

// post sends a body to the daemon and returns what it answers.
func post(t *testing.T, client *http.Client, path, body string) (code int, answer string) {
	t.Helper()
	response, err := client.Post("http://peerd"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func rawClient(t *testing.T, socket string) *http.Client {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", socket)
		},
		DisableCompression: true,
	}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// A request is bounded before it is read, and costs a small multiple of its length,
// whatever it holds.
func TestT15RequestThatIsABombCostsLittle(t *testing.T) {
	const size = 390 << 10 // just within what a body may have
	socket, _ := serve(t, apitest.Circle())
	client := rawClient(t, socket)
	for name, body := range map[string]string{
		"lists in lists":            strings.Repeat("[", size),
		"objects in objects":        strings.Repeat(`{"a":`, size/5),
		"a deep value we skip":      `{"to":"bob","text":"x","more":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`,
		"a hundred thousand keys":   "{" + strings.Repeat(`"a":1,`, size/6-1) + `"a":1}`,
		"a number without end":      `{"to":` + strings.Repeat("9", size) + `}`,
		"a large exponent":          `{"to":1e` + strings.Repeat("9", 300) + `}`,
		"a text without end":        `{"text":"` + strings.Repeat("a", size),
		"escapes":                   `{"text":"` + strings.Repeat(`\u0000`, size/6-4) + `"}`,
		"more than a body may have": strings.Repeat(" ", 512<<10),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			code, answer := post(t, client, "/v1/messages", body)
			runtime.ReadMemStats(&after)
			if code < 400 && name != "a deep value we skip" {
				t.Errorf("answered with %d: %.200s", code, answer)
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 8<<20 {
				t.Errorf("%d octets allocated %d", len(body), spent)
			}
		})
	}
}

func TestT14RequestMayBeSpoilt(t *testing.T) {
	socket, _ := serve(t, apitest.Circle())
	client := rawClient(t, socket)
	whole := `{"to":"bob","text":"hi"}`
	if code, answer := post(t, client, "/v1/messages", whole); code != http.StatusOK {
		t.Fatalf("the example is answered with %d: %s", code, answer)
	}
	for cut := range spoil.Cut([]byte(whole)) {
		if code, answer := post(t, client, "/v1/messages", string(cut)); code != http.StatusBadRequest {
			t.Errorf("%q is answered with %d: %s", cut, code, answer)
		}
	}
	for _, changed := range spoil.Lengths([]byte(whole)) {
		if code, answer := post(t, client, "/v1/messages", string(changed)); code >= http.StatusInternalServerError {
			t.Errorf("%q is answered with %d: %s", changed, code, answer)
		}
	}
}

package rendezvous

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestMetrics(t *testing.T) {
	s := startServer(t, func(c *Config) { c.Metrics = "127.0.0.1:0" })
	alice := join(t, s, "alice")
	alice.observe(mainPort)
	text := metricsText(t, s, "/metrics")
	for _, line := range []string{"rendezvous_peers_online 1\n", "rendezvous_udp_logins_total 1\n", "rendezvous_relayed_bytes_total 0\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in the metrics", line)
		}
	}
	if strings.Contains(text, "alice") || strings.Contains(text, alice.key().String()) {
		t.Error("the metrics name a peer")
	}
	if got := metricsText(t, s, "/healthz"); got != "ok\n" {
		t.Errorf("health is %q", got)
	}
}

// metricsText returns what the metrics service says at a path.
func metricsText(t *testing.T, s *Server, path string) string {
	t.Helper()
	response, err := http.Get("http://" + s.MetricsAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", path, response.StatusCode, err)
	}
	return string(text)
}

func TestMetricsAddressThatCannotBeHadNamesTheFlag(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = Open(Config{Listen: "127.0.0.1:0", StateDir: t.TempDir(), Metrics: taken.Addr().String()})
	if hint, ok := errors.AsType[hintedError](err); !ok || !strings.Contains(hint.Hint(), "--metrics") {
		t.Errorf("open: %v", err)
	}
}

func TestT17MetricsStayOnLoopbackUnlessMeant(t *testing.T) {
	config := Config{Listen: "127.0.0.1:0", StateDir: t.TempDir(), Metrics: "0.0.0.0:0"}
	if _, err := Open(config); !errors.Is(err, errMetricsPublic) {
		t.Fatalf("open: %v", err)
	}
	config.MetricsPublic = true
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}
